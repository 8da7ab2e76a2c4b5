package components

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/components/golambda"
)

// CodeArgs are prebuilt code. Its hash decides about an update, and after a
// deployment AWS has to have what has this hash.
type CodeArgs struct {
	// Path is a zip file, which is deployed as it is, or a folder, whose files are
	// zipped: always to the same bytes. At most 50 MB zipped, 250 MB unzipped.
	// Required.
	Path string
	// Runtime is Lambda's name for what runs the code, "python3.14" or
	// "provided.al2023" for instance. Runtimes that are deprecated are refused. On
	// the local AWS only "provided.al2023" runs, whose code is an executable called
	// bootstrap. Required.
	Runtime string
	// Handler is what the runtime calls, "index.handler" for instance. Defaults to
	// "bootstrap" for an OS-only runtime ("provided.al2023"); else it is required.
	Handler string
}

// goRuntime runs what is compiled.
const goRuntime = "provided.al2023"

// runtimes are those that take new functions (Lambda developer guide, "Lambda
// runtimes").
var runtimes = []string{
	"dotnet10", "java11", "java17", "java21", "java25", "java8.al2", "nodejs22.x", "nodejs24.x", goRuntime,
	"python3.11", "python3.12", "python3.13", "python3.14", "ruby3.3", "ruby3.4",
}

// deprecated are runtimes that AWS patches no more, and refuses or will refuse, with
// what comes after them (Lambda developer guide, "Deprecated runtimes").
var deprecated = map[string]string{
	"dotnet6": "dotnet10", "dotnet8": "dotnet10", "dotnetcore2.1": "dotnet10", "dotnetcore3.1": "dotnet10",
	"go1.x": goRuntime, "java8": "java8.al2",
	"nodejs10.x": "nodejs24.x", "nodejs12.x": "nodejs24.x", "nodejs14.x": "nodejs24.x", "nodejs16.x": "nodejs24.x",
	"nodejs18.x": "nodejs24.x", "nodejs20.x": "nodejs24.x",
	"provided": goRuntime, "provided.al2": goRuntime,
	"python2.7": "python3.14", "python3.6": "python3.14", "python3.7": "python3.14", "python3.8": "python3.14",
	"python3.9": "python3.14", "python3.10": "python3.14",
	"ruby2.5": "ruby3.4", "ruby2.7": "ruby3.4", "ruby3.2": "ruby3.4",
}

func checkRuntime(runtime string) error {
	next, old := deprecated[runtime]
	switch {
	case runtime == "":
		return fmt.Errorf("is required: one of %s", strings.Join(slices.Sorted(slices.Values(runtimes)), ", "))
	case old:
		return fmt.Errorf("%q is deprecated: AWS patches it no more, and does not take it for ever: use %q", runtime, next)
	case !slices.Contains(runtimes, runtime):
		return fmt.Errorf("%q is not one of %s", runtime, strings.Join(slices.Sorted(slices.Values(runtimes)), ", "))
	}
	return nil
}

// osOnly reports whether the code brings its own runtime.
func (a *CodeArgs) osOnly() bool { return strings.HasPrefix(a.Runtime, "provided") }

func (a *CodeArgs) handler() string {
	if a.osOnly() {
		return cmp.Or(a.Handler, "bootstrap")
	}
	return a.Handler
}

// handlerGrammar is Lambda's (API reference, CreateFunction).
var handlerGrammar = regexp.MustCompile(`^\S{1,128}$`)

// checkCodeArgs checks prebuilt code, and makes the archive of it, which needs no
// compiler.
func (c *checker) checkCodeArgs(f *functionPlan) {
	code, property := f.args.Code, f.property+".Code"
	if code == nil {
		return
	}
	if f.args.Package != "" {
		c.addf(property, "is not possible with Package, which is other code: leave out one of them")
	}
	if f.args.Build != nil {
		c.addf(f.property+".Build", "is not possible with Code, since nothing is compiled: leave it out")
	}
	c.add(property+".Runtime", checkRuntime(code.Runtime))
	switch handler := code.handler(); {
	case handler == "" && code.Runtime != "":
		c.addf(property+".Handler", "is required for %s: the function that it calls, \"index.handler\" for instance", code.Runtime)
	case handler != "" && !handlerGrammar.MatchString(handler):
		c.addf(property+".Handler", "%q is not what Lambda allows: up to 128 characters, no white space", handler)
	}
	if code.Path == "" {
		c.addf(property+".Path", "is required: give a zip file or a folder")
		return
	}
	// A layer may bring the bootstrap.
	archive, err := golambda.Pack(code.Path, golambda.PackOptions{Bootstrap: code.osOnly() && len(f.args.Layers) == 0})
	c.add(property+".Path", err)
	f.archive = archive
}
