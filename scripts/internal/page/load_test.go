package page

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/internal/events/token"
	"github.com/protected-http-api/protected-http-api/internal/local"
)

const (
	loadClients  = 200
	loadDuration = 30 * time.Second
)

// Many clients at once, while one page reads and another is stuck: every answer is 201,
// every 201 is an event in the table and every event in the table is a 201. The page is
// told of each request, once: it is shown, or counted among those that were dropped.
//
//nolint:paralleltest // it takes the processors from whatever runs beside it
func TestLoadLosesAndDuplicatesNothing(t *testing.T) {
	p, _ := newPage(t)
	// One line a request on the console would fill the test's output.
	opts := local.Options{Project: repository, Stack: "prod", Progress: t.Output(), Console: io.Discard, Concurrency: 2 * loadClients}
	p.Follow(&opts)
	d, err := local.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	p.openStuck(t)
	events := p.open(t, "")
	answered, failures := create(t, d)
	t.Logf("%d events were created", len(answered))
	if len(failures) > 0 {
		t.Errorf("requests failed: %v", failures)
	}
	if stored := storedIDs(t, d); !maps.Equal(stored, answered) {
		t.Errorf("%d events were answered with 201, %d are stored", len(answered), len(stored))
	}
	checkShown(t, events, uint64(len(answered)))
}

// create has clients create events, and counts the IDs and the errors that they got.
func create(t *testing.T, d *local.Deployment) (answered, failures map[string]int) {
	t.Helper()
	url, err := d.Output("apiUrl")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	bearer, err := token.Sign(d.Secret, token.Claims{Subject: "usr_1", IssuedAt: now, ExpiresAt: now.Add(time.Hour), Extra: map[string]any{"permissions": []string{"*"}}})
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: loadClients}}
	defer client.CloseIdleConnections()
	answered, failures = map[string]int{}, map[string]int{}
	ctx, cancel := context.WithTimeout(t.Context(), loadDuration)
	defer cancel()
	var mu sync.Mutex
	var clients sync.WaitGroup
	for range loadClients {
		clients.Go(func() {
			for ctx.Err() == nil {
				id, err := postEvent(t.Context(), client, url, bearer)
				mu.Lock()
				if err != nil {
					failures[err.Error()]++
				} else {
					answered[id]++
				}
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	return answered, failures
}

// postEvent creates an event and returns its ID.
func postEvent(ctx context.Context, client *http.Client, url, token string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/events", bytes.NewReader([]byte(`{"name":"load"}`)))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close() //nolint:errcheck // the body is read to its end
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("status %d: %s", res.StatusCode, body)
	}
	var event struct {
		ID string `json:"id"`
	}
	return event.ID, json.Unmarshal(body, &event)
}

// storedIDs are the IDs in the table, each with how often it is there.
func storedIDs(t *testing.T, d *local.Deployment) map[string]int {
	t.Helper()
	table, err := d.Output("tableName")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]int{}
	client := dynamodb.New(dynamodb.Options{
		Region: d.AWS.Account.Region, BaseEndpoint: &d.AWS.Endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(d.AWS.Credentials.AccessKeyID, d.AWS.Credentials.SecretAccessKey, ""),
	})
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: aws.String(table)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			id, _ := item["id"].(*types.AttributeValueMemberS)
			ids[id.Value]++
		}
	}
	return ids
}

// checkShown reads of so many requests, all of which created an event.
func checkShown(t *testing.T, events <-chan event, all uint64) {
	t.Helper()
	ids := map[string]uint64{}
	last, dropped := uint64(0), uint64(0)
	for last < all {
		var got rows
		next(t, events, "rows", &got)
		dropped += got.Dropped
		for _, r := range got.Rows {
			if other := ids[r.ID]; other != 0 || r.Seq <= last || r.Status != http.StatusCreated || r.Route != "POST /events" {
				t.Fatalf("after %d, and %d with the same ID, comes %+v", last, other, r)
			}
			ids[r.ID], last = r.Seq, r.Seq
		}
	}
	t.Logf("%d requests were shown, %d dropped", len(ids), dropped)
	if shown := uint64(len(ids)); last != all || shown+dropped != all {
		t.Errorf("of %d requests the last is %d, %d are shown and %d dropped", all, last, shown, dropped)
	}
}
