package lambda

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
)

// The Extensions API (Lambda developer guide, runtimes-extensions-api), as far as
// the function's own process uses it: as an internal extension. It registers
// during the start for no event, as aws-lambda-go's WithEnableSIGTERM does, and
// so gets SIGTERM before its environment ends.
const (
	extensionPath             = "/2020-01-01/extension"
	headerExtensionName       = "Lambda-Extension-Name"
	headerExtensionIdentifier = "Lambda-Extension-Identifier"
	maxRegistration           = 64 << 10
)

// shutdownLimit is how long the process with an internal extension may take after
// SIGTERM until it is killed; without one it is killed at once (same page,
// "Shutdown phase").
const shutdownLimit = 500 * time.Millisecond

// extensions are the internal extensions of one process.
type extensions struct {
	function FunctionInfo
	console  *console.Console
	started  func() bool
	ids      atomic.Pointer[map[string]string] // names by identifier
}

// registered reports whether there is one.
func (x *extensions) registered() bool { return len(*x.ids.Load()) > 0 }

func newExtensions(function FunctionInfo, console *console.Console, started func() bool) *extensions {
	x := &extensions{function: function, console: console, started: started}
	x.ids.Store(&map[string]string{})
	return x
}

func (x *extensions) register(w http.ResponseWriter, r *http.Request) {
	name := r.Header.Get(headerExtensionName)
	if name == "" {
		refuse(w, http.StatusForbidden, "Extension.InvalidExtensionName", "Empty extension name")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRegistration))
	var in struct{ Events []string }
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil {
		refuse(w, http.StatusForbidden, "InvalidRequestFormat", err.Error())
		return
	}
	if len(in.Events) > 0 {
		event, why := in.Events[0], "ErrorInvalidEventType"
		switch event {
		case "SHUTDOWN":
			why = "ShutdownEventNotSupportedForInternalExtension"
		case "INVOKE":
			why = "the local AWS does not support this event"
			x.console.Refused(fmt.Sprintf("the registration of the extension %q in the function %q for the event INVOKE", name, x.function.Name),
				"register for no event: SIGTERM comes all the same")
		}
		refuse(w, http.StatusForbidden, "Extension.InvalidEventType", event+": "+why)
		return
	}
	if x.started() {
		refuse(w, http.StatusForbidden, "Extension.RegistrationClosed", "Extension registration closed already")
		return
	}
	id := uuid.NewString()
	if !x.add(name, id) {
		refuse(w, http.StatusForbidden, "Extension.InvalidExtensionState", "Extension with this name already registered")
		return
	}
	w.Header().Set(headerExtensionIdentifier, id)
	text, _ := json.Marshal(map[string]string{"functionName": x.function.Name, "functionVersion": latest, "handler": x.function.Handler})
	answer(w, http.StatusOK, text)
}

// add fails where the name is taken.
func (x *extensions) add(name, id string) bool {
	for {
		old := x.ids.Load()
		ids := map[string]string{id: name}
		for id, taken := range *old {
			if taken == name {
				return false
			}
			ids[id] = taken
		}
		if x.ids.CompareAndSwap(old, &ids) {
			return true
		}
	}
}

// next never answers an extension that waits for no event.
func (x *extensions) next(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get(headerExtensionIdentifier)
	if id == "" {
		refuse(w, http.StatusForbidden, "Extension.MissingExtensionIdentifier", "Missing "+headerExtensionIdentifier+" header")
		return
	}
	if _, ok := (*x.ids.Load())[id]; !ok {
		refuse(w, http.StatusForbidden, "Extension.UnknownExtensionIdentifier", "Unknown extension "+id)
		return
	}
	<-r.Context().Done()
}
