package golambda

import (
	"fmt"
	"runtime"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Lambda's names of its processor architectures.
const (
	ARM64 = "arm64"
	X8664 = "x86_64"
)

// goarch gives Go's name for each of Lambda's architectures.
var goarch = map[string]string{ARM64: "arm64", X8664: "amd64"}

// Target is the operating system and the processor to compile for. The zero
// value is no target: NewTarget makes one.
type Target struct {
	goos, goarch string
	host         bool
}

// NewTarget returns the target for a Lambda architecture, "arm64" or "x86_64",
// and the value of the environment variable PROTECTED_HTTP_API_BUILD_TARGET.
//
// An empty buildTarget means Linux and the architecture, which is all that AWS
// runs. "host" means the system and the processor of this machine, for a local
// deployment that runs the functions as processes; the architecture is then
// only checked. Anything else is an error.
func NewTarget(architecture, buildTarget string) (Target, error) {
	return newTarget(architecture, buildTarget, runtime.GOOS, runtime.GOARCH)
}

func newTarget(architecture, buildTarget, hostOS, hostArch string) (Target, error) {
	arch, ok := goarch[architecture]
	if !ok {
		return Target{}, fmt.Errorf("architecture %q is not one of %q, %q", architecture, ARM64, X8664)
	}
	switch buildTarget {
	case "":
		return Target{goos: "linux", goarch: arch}, nil
	case contract.BuildTargetHost:
		target := Target{goos: hostOS, goarch: hostArch, host: true}
		if target.Architecture() == "" {
			return Target{}, fmt.Errorf("environment variable %s is %q, but Lambda has no architecture for this machine's %q: unset it", contract.EnvBuildTarget, buildTarget, hostArch)
		}
		return target, nil
	default:
		return Target{}, fmt.Errorf("environment variable %s is %q: unset it, or set it to %q for a deployment to the local AWS", contract.EnvBuildTarget, buildTarget, contract.BuildTargetHost)
	}
}

// Architecture returns Lambda's name of the processor that the binary runs on.
func (t Target) Architecture() string {
	for name, arch := range goarch {
		if arch == t.goarch {
			return name
		}
	}
	return ""
}

// Host reports whether the target is this machine, and not what AWS runs.
func (t Target) Host() bool { return t.host }
