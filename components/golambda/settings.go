package golambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// goEnv is what the go command says of its environment in a folder. It is asked,
// because a value may stand in a file (go env -w) and not in the environment.
type goEnv struct {
	GOFLAGS, GOEXPERIMENT, GOFIPS140, GOENV string
	GOTOOLCHAIN, GOVERSION, GOMOD, GOWORK   string
}

// environmentKey is what decides about the go command's environment in a folder: the
// nearest go.mod and go.work at or above it.
type environmentKey struct {
	module, workspace string
	alone             bool
}

// goEnv asks once for all folders of a module.
func (c *compiler) goEnv(ctx context.Context, folder string, alone bool) (goEnv, error) {
	key := environmentKey{alone: alone}
	key.module, _ = nearest(folder, "go.mod")
	key.workspace, _ = nearest(folder, "go.work")
	c.mu.Lock()
	ask := c.environments[key]
	if ask == nil {
		ask = sync.OnceValues(func() (goEnv, error) { return c.askEnv(ctx, folder, alone) })
		c.environments[key] = ask
	}
	c.mu.Unlock()
	return ask()
}

func (c *compiler) askEnv(ctx context.Context, folder string, alone bool) (env goEnv, err error) {
	out, err := c.goRun(ctx, folder, alone, "env", "-json",
		"GOFLAGS", "GOEXPERIMENT", "GOFIPS140", "GOENV", "GOTOOLCHAIN", "GOVERSION", "GOMOD", "GOWORK").Output()
	if err != nil {
		return env, fmt.Errorf("go env: %w", commandError(err))
	}
	if err := json.Unmarshal(out, &env); err != nil {
		return env, fmt.Errorf("go env: %w", err)
	}
	return env, nil
}

// place says where a variable is set.
func (e goEnv) place(variable string) string {
	if os.Getenv(variable) != "" || e.GOENV == "" || e.GOENV == "off" {
		return "environment variable " + variable
	}
	return fmt.Sprintf("%s in %s (go env -w)", variable, e.GOENV)
}

// check refuses settings that change a binary and are not the packages' own.
func (e goEnv) check(packages []Package) error {
	var errs []error
	for _, p := range packages {
		if e.GOEXPERIMENT != "" && e.GOEXPERIMENT != p.Experiment {
			errs = append(errs, fmt.Errorf("%s is %q, but the function in %q is built with the experiments %q: name them in the Build.GoExperiment of the function, or unset it",
				e.place("GOEXPERIMENT"), e.GOEXPERIMENT, p.Path, p.Experiment))
		}
		if e.GOFIPS140 != "" && e.GOFIPS140 != "off" && e.GOFIPS140 != p.FIPS140 {
			errs = append(errs, fmt.Errorf("%s is %q, but the function in %q is built with %q: set the Build.GoFips140 of the function, or unset it",
				e.place("GOFIPS140"), e.GOFIPS140, p.Path, orOff(p.FIPS140)))
		}
	}
	return errors.Join(errs...)
}

func orOff(fips140 string) string {
	if fips140 == "" {
		return "off"
	}
	return fips140
}

// harmless are the flags in GOFLAGS that change no binary: those of the go
// command's talk, of its pace and of go test.
var harmless = []string{
	"a", "buildvcs", "exec", "json", "n", "p", "modcacherw", "trimpath", "v", "work", "x",
	"artifacts", "bench", "benchmem", "benchtime", "count", "cpu", "failfast", "fullpath", "outputdir", "parallel",
	"run", "short", "shuffle", "skip", "test", "timeout", "vet",
}

// kept are the harmless ones that matter to a build.
var kept = []string{"p", "modcacherw"}

// goFlags returns GOFLAGS for the builds, and refuses flags that would change a
// binary. Dropped in silence they would be missed, and passed on they would make
// the bytes depend on who compiles.
//
// The result is never empty, since an empty variable would let the value that
// go env -w has set come back.
func (e goEnv) goFlags(packages []Package) (string, error) {
	passed := []string{"-buildvcs=false"}
	var errs []error
	refuse := func(flag, cure string) {
		errs = append(errs, fmt.Errorf("%s has %q, which changes the functions' binaries: %s", e.place("GOFLAGS"), flag, cure))
	}
	for _, flag := range splitFlags(e.GOFLAGS) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(flag, "-"), "-"), "=")
		switch {
		case slices.Contains(kept, name):
			passed = append(passed, flag)
		case slices.Contains(harmless, name):
		case name == "mod" && (value == "vendor" || value == "readonly"):
			// The default where there is a vendor folder and where there is none;
			// elsewhere they make the build fail.
			passed = append(passed, flag)
		case name == "mod":
			refuse(flag, "run go mod tidy, and take it out of GOFLAGS")
		case name == "tags":
			if missing := missingTags(value, packages); missing != "" {
				refuse(flag, missing)
			}
		case name == "ldflags":
			refuse(flag, "name it in the Build.LdFlags of the functions that need it, and take it out of GOFLAGS")
		default:
			refuse(flag, "take it out of GOFLAGS")
		}
	}
	return strings.Join(passed, " "), errors.Join(errs...)
}

// missingTags returns the cure where a package does not have all tags of a list.
// The program itself may need tags, and then the functions need them too.
func missingTags(list string, packages []Package) string {
	for _, tag := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		for _, p := range packages {
			if tag != lambdaTag && !slices.Contains(p.BuildTags, tag) {
				return fmt.Sprintf("name the tag %q in the Build.Tags of all functions (the one in %q has %q), or take it out of GOFLAGS", tag, p.Path, p.BuildTags)
			}
		}
	}
	return ""
}

// splitFlags splits GOFLAGS as the go command does: at spaces, but for those in a
// flag that is quoted as a whole.
func splitFlags(list string) (flags []string) {
	for {
		list = strings.TrimLeft(list, " \t\r\n")
		if list == "" {
			return flags
		}
		var flag string
		if quote := list[0]; quote == '"' || quote == '\'' {
			flag, list, _ = strings.Cut(list[1:], string(quote))
		} else if end := strings.IndexAny(list, " \t\r\n"); end >= 0 {
			flag, list = list[:end], list[end:]
		} else {
			flag, list = list, ""
		}
		flags = append(flags, flag)
	}
}

var buildTag = regexp.MustCompile(`^[\pL\pN_.]+$`)

// CheckBuildTags returns an error that names the first that is no build tag (Go
// reference, "go help buildconstraint").
func CheckBuildTags(tags []string) error {
	for _, tag := range tags {
		if !buildTag.MatchString(tag) {
			return fmt.Errorf("%q is no build tag: one has letters, digits, \"_\" and \".\"", tag)
		}
	}
	return nil
}

// CheckLdFlags returns an error that names the first that cannot be handed to the
// linker.
func CheckLdFlags(flags []string) error {
	_, err := joinLdFlags(flags)
	return err
}

// joinLdFlags writes arguments as one value of go build -ldflags, in which an
// argument may be quoted as a whole and nothing can be escaped.
func joinLdFlags(flags []string) (string, error) {
	quoted := make([]string, len(flags))
	for i, flag := range flags {
		switch single, double := strings.Contains(flag, "'"), strings.Contains(flag, `"`); {
		case flag == "":
			return "", errors.New(`"" is no argument`)
		case strings.Contains(flag, "\x00"):
			return "", fmt.Errorf("%q has a zero byte", flag)
		case single && double:
			return "", fmt.Errorf("%q has both kinds of quotes, which the go command cannot hand on", flag)
		case double:
			quoted[i] = "'" + flag + "'"
		case single || strings.ContainsAny(flag, " \t\r\n"):
			quoted[i] = `"` + flag + `"`
		default:
			quoted[i] = flag
		}
	}
	return strings.Join(quoted, " "), nil
}
