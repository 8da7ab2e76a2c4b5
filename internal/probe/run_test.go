package probe

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDifference: an answer that is not expected is a difference in every form of the
// report, and no account is named there.
func TestDifference(t *testing.T) {
	t.Parallel()
	wrong := []Experiment{
		{Name: "test/event", Asks: "Is it?", API: mainAPI, Steps: []Step{
			{Request: get("/off/1"), Want: Want{Status: 200, Event: map[string]string{"requestContext.accountId": `"another"`}}},
		}},
		{Name: "test/log", Asks: "Is it?", API: mainAPI, Steps: []Step{
			{Request: get("/nowhere"), Want: Want{Status: 404, Log: map[string]string{"status": `"200"`}}},
		}},
		{Name: "test/created", Asks: "Is it?", Refused: &refusal{route: "GET /fine", words: []string{"BadRequestException"}}},
		{Name: "test/never", Asks: "Is it?", Cannot: "it is not"},
	}
	var progress bytes.Buffer
	state := filepath.Join(t.TempDir(), "state")
	report, err := Run(t.Context(), Options{Local: true, Progress: &progress, State: state, experiments: wrong})
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	if made, different := report.Count(); made != 3 || different != 3 {
		t.Errorf("%d made, %d different: %+v", made, different, report)
	}
	folder := filepath.Join(t.TempDir(), "report")
	if err := report.Write(folder); err != nil {
		t.Fatal(err)
	}
	for name, wanted := range map[string][]string{
		"probe.md": {
			"3 experiments, 3 with a difference", "**different** event requestContext.accountId | \"another\" | \"{account}\" |",
			"**different** access log status | \"200\" | \"404\" |", "**different** refused with | BadRequestException | created |", "| test/never: Is it? | it is not |",
		},
		"probe.json": {`"expected": "\"another\""`, `"observed": "\"{account}\""`, `"cannot": "it is not"`},
	} {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range wanted {
			if !strings.Contains(string(content), text) {
				t.Errorf("%s lacks %q:\n%s", name, text, content)
			}
		}
		if strings.Contains(string(content), "000000000000") {
			t.Errorf("%s names the account", name)
		}
	}
	if _, err := os.Stat(state); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the stack's state is left: %v", err)
	}
}

// TestInterrupt: an interruption in the middle ends with everything removed.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	interrupted := errors.New("interrupted")
	var progress bytes.Buffer
	state := filepath.Join(t.TempDir(), "state")
	_, err := Run(ctx, Options{
		Local: true, Progress: &progress, State: state,
		experiments: []Experiment{
			{Name: "test/first", Asks: "Is it?", API: mainAPI, Steps: []Step{{Request: get("/off/1"), Want: allowed}}},
			{Name: "test/second", Asks: "Is it?", API: mainAPI, Steps: []Step{{Request: told("/off/1", &Instruction{Sleep: 60_000}), Want: allowed}}},
		},
		Done: func(Result) { cancel(interrupted) },
	})
	if !errors.Is(err, interrupted) {
		t.Errorf("the error is %v", err)
	}
	_, removal, begun := strings.Cut(progress.String(), "removing everything")
	if !begun || !strings.Contains(removal, "aws:apigatewayv2:Api main deleted") || !strings.Contains(removal, "aws:lambda:Function handler deleted") {
		t.Errorf("the removal: %s", removal)
	}
	if _, err := os.Stat(state); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the stack's state is left: %v", err)
	}
}

// TestIncomplete: what AWS refuses of the stack does not stop the rest.
func TestIncomplete(t *testing.T) {
	t.Parallel()
	var progress bytes.Buffer
	report, err := Run(t.Context(), Options{
		Local: true, Progress: &progress,
		broken:      &refusal{stage: &stageSetup{name: "dev"}}, // there are two then
		experiments: []Experiment{{Name: "test/fine", Asks: "Is it?", API: mainAPI, Steps: []Step{{Request: get("/off/1"), Want: allowed}}}},
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	if made, different := report.Count(); made != 1 || different != 0 || !report.Incomplete {
		t.Errorf("%+v\n%s", report, progress.String())
	}
	if text := report.Markdown(); !strings.Contains(text, "AWS refused a part of the stack") {
		t.Errorf("the report: %s", text)
	}
}
