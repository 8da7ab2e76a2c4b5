// Command orders counts the caller's orders in the database, to which it signs in as
// its role.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/protected-http-api/protected-http-api/authz"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	orders, err := connect(context.Background())
	if err != nil {
		log.Error("starting", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(func(ctx context.Context, request events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		identity, err := authz.FromRequest(request)
		if err != nil {
			return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusUnauthorized}, nil
		}
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		var count int
		if err := orders.QueryRow(ctx, "select count(*) from orders where owner = $1", identity.Subject).Scan(&count); err != nil {
			log.Error("counting orders", "error", err.Error())
			return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusServiceUnavailable, Body: `{"message":"the database does not answer"}`}, nil
		}
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusOK, Body: fmt.Sprintf(`{"orders":%d}`, count)}, nil
	})
}

// connect makes a pool of one connection, which is all that an execution environment
// needs. A token is good for 15 minutes, and each connection gets a new one.
func connect(ctx context.Context) (*pgxpool.Pool, error) {
	credentials, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	host, user := os.Getenv("DATABASE_HOST"), os.Getenv("DATABASE_USER")
	address := url.URL{Scheme: "postgres", Host: host + ":5432", User: url.User(user), Path: "orders", RawQuery: "sslmode=require&pool_max_conns=1"}
	pool, err := pgxpool.ParseConfig(address.String())
	if err != nil {
		return nil, err
	}
	pool.BeforeConnect = func(ctx context.Context, c *pgx.ConnConfig) error {
		token, err := auth.BuildAuthToken(ctx, host+":5432", credentials.Region, user, credentials.Credentials)
		c.Password = token
		return err
	}
	return pgxpool.NewWithConfig(ctx, pool)
}
