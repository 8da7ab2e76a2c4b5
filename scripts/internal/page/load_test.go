package page

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
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
	// loadStarts is how many clients may wait for their first answer at once.
	loadStarts = 8
)

// Many clients at once, while one page reads and another is stuck: every answer is 201, or
// 5xx where the processors are so busy that functions run out of time; every 201 is an
// event in the table, once, and what is there beside them was made for a 5xx. The page is
// told of each request, once, with its status: it is shown, or counted among those that
// were dropped.
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
	made := create(t, d)
	t.Logf("the statuses are %v", made.statuses)
	created, all := made.statuses[http.StatusCreated], uint64(0)
	for status, n := range made.statuses {
		if all += n; status != http.StatusCreated && status < http.StatusInternalServerError {
			t.Errorf("%d requests were answered with %d", n, status)
		}
	}
	if created == 0 || len(made.failures) > 0 {
		t.Errorf("of %d requests %d created an event, others got no answer: %v", all, created, made.failures)
	}
	stored := storedIDs(t, d)
	for id, n := range made.ids {
		if n != 1 || stored[id] != 1 {
			t.Errorf("event %q was answered %d times and is stored %d times", id, n, stored[id])
		}
	}
	if further := uint64(len(stored) - len(made.ids)); further > all-created {
		t.Errorf("%d events are stored beside those that were answered, where %d requests failed", further, all-created)
	}
	checkShown(t, events, made.statuses, all)
}

// made is what came of requests for events: how many got which status, which IDs, and which
// errors, where there was no answer.
type made struct {
	statuses map[int]uint64
	ids      map[string]int
	failures map[string]int
}

// create has clients create events.
func create(t *testing.T, d *local.Deployment) made {
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
	m := made{map[int]uint64{}, map[string]int{}, map[string]int{}}
	var mu sync.Mutex
	post := func() {
		status, id, err := postEvent(t.Context(), client, url, bearer)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil:
			m.failures[err.Error()]++
		case status == http.StatusCreated:
			m.ids[id]++
			fallthrough
		default:
			m.statuses[status]++
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	starts := make(chan struct{}, loadStarts)
	var starting, clients sync.WaitGroup
	for range loadClients {
		starting.Add(1)
		clients.Go(func() {
			starts <- struct{}{}
			post()
			<-starts
			starting.Done()
			for ctx.Err() == nil {
				post()
			}
		})
	}
	starting.Wait()
	time.AfterFunc(loadDuration, stop)
	clients.Wait()
	return m
}

// postEvent creates an event and returns its ID.
func postEvent(ctx context.Context, client *http.Client, url, token string) (status int, id string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/events", bytes.NewReader([]byte(`{"name":"load"}`)))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close() //nolint:errcheck // the body is read to its end
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, "", err
	}
	var event struct {
		ID string `json:"id"`
	}
	if res.StatusCode == http.StatusCreated {
		err = json.Unmarshal(body, &event)
	}
	return res.StatusCode, event.ID, err
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

// checkShown reads of all requests, so many of which got a status. Of one that was shown
// more may become known, as where a function has given a call up that is answered later:
// then it comes once more.
func checkShown(t *testing.T, events <-chan event, statuses map[int]uint64, all uint64) {
	t.Helper()
	bySeq, ids, shown := map[uint64]row{}, map[string]uint64{}, map[int]uint64{}
	last, dropped, again := uint64(0), uint64(0), 0
	for last < all {
		var got rows
		next(t, events, "rows", &got)
		dropped += got.Dropped
		for _, r := range got.Rows {
			if r.Seq <= last {
				again++
				if known, ok := bySeq[r.Seq]; ok && (known.ID != r.ID || known.Status != r.Status) {
					t.Errorf("after %+v comes %+v", known, r)
				}
				continue
			}
			if other, ok := ids[r.ID]; ok || r.Route != "POST /events" {
				t.Errorf("after %d with the same ID comes %+v", other, r)
			}
			bySeq[r.Seq], ids[r.ID], last = r, r.Seq, r.Seq
			shown[r.Status]++
			if r.Status >= http.StatusInternalServerError && r.Reason != "" && !strings.Contains(r.Reason, "no answer within 10s") && !strings.Contains(r.Reason, "Sandbox.Timedout") {
				t.Errorf("a request has failed, and not for want of time: %+v", r)
			}
		}
	}
	t.Logf("%d requests were shown, %d of them once more, %d dropped", len(ids), again, dropped)
	if n := uint64(len(ids)); last != all || n+dropped != all {
		t.Errorf("of %d requests the last is %d, %d are shown and %d dropped", all, last, n, dropped)
	}
	for status, n := range shown {
		if n > statuses[status] || dropped == 0 && n != statuses[status] {
			t.Errorf("%d requests are shown with %d, which %d got", n, status, statuses[status])
		}
	}
}
