package lambda

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// platform is what a program was compiled for, in Go's words. The zero value
// is a script, or something that only its start can tell.
type platform struct{ system, processor string }

func (p platform) String() string { return p.system + "/" + p.processor }

// processors are Go's names of Lambda's architectures.
var processors = map[string]string{"x86_64": "amd64", "arm64": "arm64"}

func architectureOf(processor string) string {
	for architecture, p := range processors {
		if p == processor {
			return architecture
		}
	}
	return ""
}

// machine is the platform of the local AWS itself.
func machine() platform { return platform{runtime.GOOS, runtime.GOARCH} }

// platformFor is what a function's code has to be for.
func (s *Service) platformFor(f Function) platform {
	if s.forAWS {
		return onAWS(f)
	}
	return machine()
}

// onAWS is the platform on which AWS runs a function.
func onAWS(f Function) platform { return platform{"linux", processors[f.withDefaults().Architecture]} }

// platformOf reads a program's first bytes: elf(5), mach-o/loader.h,
// mach-o/fat.h and the PE format.
func platformOf(head []byte) platform {
	if len(head) < 20 {
		return platform{}
	}
	elf := map[uint16]string{3: "386", 40: "arm", 62: "amd64", 183: "arm64", 243: "riscv64"}
	macho := map[uint32]string{0x01000007: "amd64", 0x0100000c: "arm64"}
	name := func(processor string, ok bool, code uint32) string {
		if !ok {
			return fmt.Sprintf("processor %d", code)
		}
		return processor
	}
	switch magic := string(head[:4]); {
	case magic == "\x7fELF":
		var order binary.ByteOrder = binary.LittleEndian
		if head[5] == 2 {
			order = binary.BigEndian
		}
		code := order.Uint16(head[18:])
		processor, ok := elf[code]
		return platform{"linux", name(processor, ok, uint32(code))}
	case magic == "\xcf\xfa\xed\xfe":
		code := binary.LittleEndian.Uint32(head[4:])
		processor, ok := macho[code]
		return platform{"darwin", name(processor, ok, code)}
	case magic == "\xca\xfe\xba\xbe":
		return platform{"darwin", "several processors"}
	case magic[:2] == "MZ":
		return platform{"windows", "any processor"}
	}
	return platform{}
}

// bootstrapPlatform reads the platform of the program in an archive.
func bootstrapPlatform(boot *zip.File) (platform, error) {
	in, err := boot.Open()
	if err != nil {
		return platform{}, unzipError(err)
	}
	defer in.Close() //nolint:errcheck // it was only read
	head := make([]byte, 20)
	n, err := io.ReadFull(in, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return platform{}, unzipError(err)
	}
	return platformOf(head[:n]), nil
}

// check refuses a program that a function of the architecture, or this
// machine, could not run. AWS takes any and then fails every invocation with
// Runtime.InvalidEntrypoint; the local AWS tells at once.
func (p platform) check(architecture string, machine platform) error {
	switch processor := processors[architecture]; {
	case p == platform{}:
		return nil
	case p.processor != processor && architectureOf(p.processor) != "":
		return invalidParameter(
			fmt.Sprintf("set architectures to [%q], or compile bootstrap with GOARCH=%s", architectureOf(p.processor), processor),
			"bootstrap is a program for %s, and the function's architecture is %s: on AWS every invocation would fail with Runtime.InvalidEntrypoint (exec format error)", p, architecture)
	case p != machine:
		return invalidParameter(
			fmt.Sprintf("compile bootstrap for this machine with GOOS=%s GOARCH=%s and set architectures to [%q]; where this project's component compiles it, set the environment variable %s=%s",
				machine.system, machine.processor, architectureOf(machine.processor), contract.EnvBuildTarget, contract.BuildTargetHost),
			"bootstrap is a program for %s, and the local AWS runs functions on this machine, which is %s", p, machine)
	}
	return nil
}
