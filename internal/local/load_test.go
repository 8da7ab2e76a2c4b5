package local

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
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const (
	loadClients  = 200
	loadDuration = 30 * time.Second
)

// Many clients at once: every answer is 201, every 201 is an event in the table
// and every event in the table is a 201.
func TestLoadLosesAndDuplicatesNothing(t *testing.T) {
	t.Parallel()
	// One line a request on the console would fill the test's output.
	d := deploy(t, Options{Project: repository, Stack: "prod", Console: io.Discard, Concurrency: 2 * loadClients})
	url, err := d.Output("apiUrl")
	if err != nil {
		t.Fatal(err)
	}
	token := d.token(t)
	ctx, cancel := context.WithTimeout(t.Context(), loadDuration)
	defer cancel()
	answered := map[string]int{}
	failures := map[string]int{}
	var mu sync.Mutex
	var clients sync.WaitGroup
	for range loadClients {
		clients.Go(func() {
			for ctx.Err() == nil {
				id, err := postEvent(t.Context(), url, token)
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
	t.Logf("%d events were created", len(answered))
	if len(failures) > 0 {
		t.Errorf("requests failed: %v", failures)
	}
	if stored := d.storedIDs(t); !maps.Equal(stored, answered) {
		t.Errorf("%d events were answered with 201, %d are stored", len(answered), len(stored))
	}
}

// postEvent creates an event and returns its ID.
func postEvent(ctx context.Context, url, token string) (string, error) {
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
func (d deployed) storedIDs(t *testing.T) map[string]int {
	t.Helper()
	table, err := d.Output("tableName")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]int{}
	pages := dynamodb.NewScanPaginator(dynamodb.NewFromConfig(d.config()), &dynamodb.ScanInput{TableName: aws.String(table)})
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
