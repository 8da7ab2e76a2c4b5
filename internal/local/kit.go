package local

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Redeploy deploys again, from the project's files as they are now, with further
// settings in place of the stack's. Where it fails, they do not hold for the next time.
func (d *Deployment) Redeploy(ctx context.Context, settings map[string]string) error {
	before := d.opts.Settings
	d.opts.Settings = maps.Clone(before)
	if d.opts.Settings == nil {
		d.opts.Settings = map[string]string{}
	}
	maps.Copy(d.opts.Settings, settings)
	if _, err := d.reload(ctx, d.opts.Output); err != nil {
		d.opts.Settings = before
		return err
	}
	return nil
}

// Settings are those that replace the stack's.
func (d *Deployment) Settings() map[string]string { return maps.Clone(d.opts.Settings) }

// SetSettings replaces what replaces the stack's settings, for the next deployment.
func (d *Deployment) SetSettings(settings map[string]string) { d.opts.Settings = settings }

// ProgramName is the name that the program has for a function, given by its name on
// AWS or its ARN.
func (d *Deployment) ProgramName(function string) string { return d.functionNames.Of(function) }

// ProgramNames are those of all functions as they are now, which later deployments do not
// change.
func (d *Deployment) ProgramNames() ProgramNames { return maps.Clone(d.functionNames) }

// ProgramNames are the names that a program has for functions, by those on AWS.
type ProgramNames map[string]string

// Of is the name of a function, given by its name on AWS or its ARN; where the program has
// none, that on AWS.
func (n ProgramNames) Of(function string) string {
	if name := functionName(function); name != "" {
		function = name
	}
	if name, ok := n[function]; ok {
		return name
	}
	return function
}

// Function is the name on AWS of a function, given by the name that the program has for
// it, with or without that of the component around it, or by its name on AWS.
func (d *Deployment) Function(component, name string) (string, error) {
	var known []string
	for physical, logical := range d.functionNames {
		if logical == component+"-"+name || logical == name || physical == name {
			return physical, nil
		}
		known = append(known, logical)
	}
	slices.Sort(known)
	return "", fmt.Errorf("the program has no function %q: it has %s", name, strings.Join(known, ", "))
}

// FunctionLines are what a function has logged so far, a log event each, without the
// time and the stream.
func (d *Deployment) FunctionLines(function string) ([]string, error) {
	log, err := d.functionLog(function)
	if err != nil {
		return nil, err
	}
	lines := []string{}
	for _, event := range logEvents(log) {
		lines = append(lines, event.text)
	}
	return lines, nil
}

const (
	// logPatience is how long the end of an invocation may take to be in the log, logPause
	// how long it takes from one look to the next.
	logPatience, logPause = 500 * time.Millisecond, 20 * time.Millisecond
	// logTail is how many bytes of a log are looked at first: what was asked for is mostly
	// of the last requests.
	logTail = 1 << 20
)

// InvocationLines are what a function has logged in one invocation, given by Lambda's id
// of it. It waits a moment for the end of an invocation that has just answered.
func (d *Deployment) InvocationLines(function, requestID string) ([]string, error) {
	whole := false
	for deadline := time.Now().Add(logPatience); ; time.Sleep(logPause) {
		log, err := d.functionTail(functionName(function), logTail)
		if err != nil {
			return nil, err
		}
		lines, started, ended := invocationLines(log, requestID)
		if !started && !whole { // once: what begins later is at the end
			if log, err = d.functionLog(functionName(function)); err != nil {
				return nil, err
			}
			lines, _, ended = invocationLines(log, requestID)
			whole = true
		}
		if ended || time.Now().After(deadline) {
			return lines, nil
		}
	}
}

// invocationLines are those of an invocation in a function's log, and whether its beginning
// and its end are there.
func invocationLines(log []byte, requestID string) (lines []string, started, ended bool) {
	stream := "" // of the invocation, once it has started
	for _, event := range logEvents(log) {
		ours := strings.Contains(event.text, requestID)
		switch {
		case stream == "" && !ours, stream != "" && event.stream != stream:
			continue
		case ours && (strings.HasPrefix(event.text, "START ") || strings.Contains(event.text, `"platform.start"`)):
			stream = event.stream
			continue
		case ours && (strings.HasPrefix(event.text, "END ") || strings.Contains(event.text, `"platform.report"`)):
			return lines, stream != "", true
		}
		if stream != "" {
			lines = append(lines, event.text)
		}
	}
	return lines, stream != "", false
}

type logEvent struct{ stream, text string }

// logEvents reads a log group's file. Further lines of an event begin with a tab.
func logEvents(log []byte) []logEvent {
	var events []logEvent
	for line := range bytes.Lines(log) {
		text := strings.TrimSuffix(string(line), "\n")
		if further, ok := strings.CutPrefix(text, "\t"); ok && len(events) > 0 {
			events[len(events)-1].text += "\n" + further
			continue
		}
		if fields := strings.SplitN(text, " ", 3); len(fields) == 3 {
			events = append(events, logEvent{stream: fields[1], text: fields[2]})
		}
	}
	return events
}
