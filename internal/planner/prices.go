package planner

import (
	"bytes"
	_ "embed" // for the prices
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// Prices are AWS's list prices in dollars, without free tiers and without discounts for
// volume.
type Prices struct {
	// AsOf is the day of the prices, Region where they hold, Sources where they stand.
	AsOf    string   `json:"asOf"`
	Region  string   `json:"region"`
	Sources []string `json:"sources"`
	// A million requests of Lambda, and a GB-second on arm64.
	LambdaMillionRequests float64 `json:"lambdaMillionRequests"`
	LambdaGBSecondArm64   float64 `json:"lambdaGBSecondArm64"`
	// A million requests of an HTTP API.
	HTTPAPIMillionRequests float64 `json:"httpApiMillionRequests"`
	// Ten thousand GetParameter calls: free with standard throughput.
	GetParameterTenThousand float64 `json:"getParameterTenThousand"`
	// A GB into CloudWatch Logs.
	LogsGB float64 `json:"logsGB"`
	// What a run of the authorizer logs, and a request in the access log, in bytes.
	AuthorizerLogBytes float64 `json:"authorizerLogBytes"`
	AccessLogBytes     float64 `json:"accessLogBytes"`
}

//go:embed prices.json
var defaultPrices []byte

// DefaultPrices are those of prices.json.
func DefaultPrices() Prices {
	p, err := ReadPrices(bytes.NewReader(defaultPrices))
	if err != nil {
		panic(err) // TestDefaultPrices
	}
	return p
}

// maxPrices bounds a file of prices.
const maxPrices = 64 << 10

// ReadPrices reads prices in the form of prices.json: every field once, and no other.
func ReadPrices(r io.Reader) (Prices, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxPrices+1))
	if err != nil {
		return Prices{}, err
	}
	if len(text) > maxPrices {
		return Prices{}, fmt.Errorf("prices are longer than %d bytes", maxPrices)
	}
	members, err := strictjson.Object(text)
	if err != nil {
		return Prices{}, fmt.Errorf("the text of the prices %w", err)
	}
	var p Prices
	value := reflect.ValueOf(&p).Elem()
	var errs []error
	for i := range value.NumField() {
		name := value.Type().Field(i).Tag.Get("json")
		raw, given := members[name]
		delete(members, name)
		field := value.Field(i)
		switch {
		case !given:
			errs = append(errs, fmt.Errorf("prices have no %q: write every field, as the member prices of pha ttl --json has them", name))
		case json.Unmarshal(raw, field.Addr().Interface()) != nil || string(raw) == "null":
			errs = append(errs, fmt.Errorf("prices: %q is %.40s, and not a %s", name, raw, map[reflect.Kind]string{reflect.Float64: "number", reflect.String: "text", reflect.Slice: "list of texts"}[field.Kind()]))
		case field.Kind() == reflect.Float64 && (field.Float() < 0 || math.IsInf(field.Float(), 0)):
			errs = append(errs, fmt.Errorf("prices: %q is %v: write 0 or more", name, field.Float()))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		errs = append(errs, fmt.Errorf("prices have an unknown field %q", name))
	}
	if _, err := time.Parse(time.DateOnly, p.AsOf); err != nil && len(errs) == 0 {
		errs = append(errs, fmt.Errorf("prices: \"asOf\" is %q: write a day such as 2026-11-28", p.AsOf))
	}
	return p, errors.Join(errs...)
}

// hoursAMonth is what AWS's own calculator takes: a twelfth of a year.
const hoursAMonth = 730

// gb is a gigabyte as CloudWatch counts it.
const gb = 1 << 30

// authorizer is a month of so many runs and cold starts an hour.
func (p Prices) authorizer(a Authorizer, runs, cold float64) float64 {
	warmMs, coldMs := a.billed()
	gbSeconds := float64(a.MemoryMB) / 1024 * ((runs-cold)*warmMs + cold*coldMs) / 1000
	reads := 0.0
	if runs > 0 {
		// Each cold start reads the secret, and each environment in use every five minutes.
		reads = cold + math.Ceil(runs/3600*a.Warm.Seconds())*12
	}
	return hoursAMonth * (runs/1e6*p.LambdaMillionRequests + gbSeconds*p.LambdaGBSecondArm64 +
		reads/1e4*p.GetParameterTenThousand + runs*p.AuthorizerLogBytes/gb*p.LogsGB)
}

// Beside is what a month of requests costs whatever the TTL is: API Gateway, and its
// access log.
func (p Prices) Beside(requests float64) (gateway, accessLog float64) {
	return hoursAMonth * requests / 1e6 * p.HTTPAPIMillionRequests, hoursAMonth * requests * p.AccessLogBytes / gb * p.LogsGB
}
