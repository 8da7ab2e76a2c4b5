package lambda

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// elfHead is the beginning of a 64-bit ELF program.
func elfHead(machine uint16) string {
	head := make([]byte, 64)
	copy(head, "\x7fELF\x02\x01\x01")
	binary.LittleEndian.PutUint16(head[18:], machine)
	return string(head)
}

func TestPlatform(t *testing.T) {
	t.Parallel()
	const padding = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	tests := []struct {
		name, program string
		want          platform
	}{
		{"ELF amd64", elfHead(62), platform{"linux", "amd64"}},
		{"ELF arm64", elfHead(183), platform{"linux", "arm64"}},
		{"ELF of another processor", elfHead(21), platform{"linux", "processor 21"}},
		{"big-endian ELF", "\x7fELF\x02\x02" + padding[:12] + "\x00\x3e", platform{"linux", "amd64"}},
		{"Mach-O arm64", "\xcf\xfa\xed\xfe\x0c\x00\x00\x01" + padding, platform{"darwin", "arm64"}},
		{"Mach-O amd64", "\xcf\xfa\xed\xfe\x07\x00\x00\x01" + padding, platform{"darwin", "amd64"}},
		{"universal", "\xca\xfe\xba\xbe" + padding, platform{"darwin", "several processors"}},
		{"PE", "MZ" + padding + padding, platform{"windows", "any processor"}},
		{"script", "#!/bin/sh\nexec true\n\n\n", platform{}},
		{"cut off", "\x7fELF", platform{}},
		{"empty", "", platform{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := platformOf([]byte(tt.program)); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	if got := machine(); got != (platform{runtime.GOOS, runtime.GOARCH}) {
		t.Errorf("this machine is %v", got)
	}
}

func TestPlatformCheck(t *testing.T) {
	t.Parallel()
	linux, mac := platform{"linux", "amd64"}, platform{"darwin", "arm64"}
	tests := []struct {
		name         string
		program      platform
		architecture string
		machine      platform
		want         string
	}{
		{"fits", linux, "x86_64", linux, ""},
		{"fits a Mac", mac, "arm64", mac, ""},
		{"a script", platform{}, "arm64", linux, ""},
		{
			"arm64 on x86_64", platform{"linux", "arm64"}, "x86_64", linux,
			`InvalidParameterValueException: bootstrap is a program for linux/arm64, and the function's architecture is x86_64: on AWS every invocation would fail with Runtime.InvalidEntrypoint (exec format error); cure: set architectures to ["arm64"], or compile bootstrap with GOARCH=amd64`,
		},
		{
			"amd64 on arm64", platform{"linux", "amd64"}, "arm64", linux,
			`InvalidParameterValueException: bootstrap is a program for linux/amd64, and the function's architecture is arm64: on AWS every invocation would fail with Runtime.InvalidEntrypoint (exec format error); cure: set architectures to ["x86_64"], or compile bootstrap with GOARCH=arm64`,
		},
		{
			"for AWS, not for here", platform{"linux", "arm64"}, "arm64", linux,
			`InvalidParameterValueException: bootstrap is a program for linux/arm64, and the local AWS runs functions on this machine, which is linux/amd64; cure: compile bootstrap for this machine with GOOS=linux GOARCH=amd64 and set architectures to ["x86_64"]; where this project's component compiles it, set the environment variable PROTECTED_HTTP_API_BUILD_TARGET=host`,
		},
		{
			"Linux on a Mac", platform{"linux", "arm64"}, "arm64", mac,
			`InvalidParameterValueException: bootstrap is a program for linux/arm64, and the local AWS runs functions on this machine, which is darwin/arm64; cure: compile bootstrap for this machine with GOOS=darwin GOARCH=arm64 and set architectures to ["arm64"]; where this project's component compiles it, set the environment variable PROTECTED_HTTP_API_BUILD_TARGET=host`,
		},
		{
			"a processor that Lambda has not", platform{"linux", "riscv64"}, "arm64", linux,
			`InvalidParameterValueException: bootstrap is a program for linux/riscv64, and the local AWS runs functions on this machine, which is linux/amd64; cure: compile bootstrap for this machine with GOOS=linux GOARCH=amd64 and set architectures to ["x86_64"]; where this project's component compiles it, set the environment variable PROTECTED_HTTP_API_BUILD_TARGET=host`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := tt.program.check(tt.architecture, tt.machine); err != nil {
				got = awserr.Explain(err).Error()
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// The wrong architecture is refused wherever it can come from: a new function,
// new code, a new architecture for the old code, and before any of them.
func TestWrongArchitectureIsRefused(t *testing.T) {
	t.Parallel()
	right, wrong, code := "x86_64", "arm64", uint16(183)
	if runtime.GOARCH == "arm64" {
		right, wrong, code = "arm64", "x86_64", 62
	}
	want := "and the function's architecture is " + right
	foreign := script(t, elfHead(code))
	f := newFixture(t)
	f.create()
	refused := func(step string, err error, want string) {
		t.Helper()
		if !awserr.Has(err, codeInvalidParameter) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", step, err)
		}
	}
	other := f.function(func(fn *Function) { fn.Name, fn.Code = "other", foreign })
	_, err := Validate(other)
	refused("validate", err, want)
	_, err = f.CreateFunction(t.Context(), other)
	refused("create", err, want)
	if _, ok := f.Function("other"); ok {
		t.Error("the refused function is there")
	}
	_, err = f.UpdateFunctionCode("fn", foreign, "")
	refused("new code", err, want)
	_, err = f.UpdateFunctionCode("fn", bootstrapZip(t), wrong)
	refused("new architecture", err, "and the function's architecture is "+wrong)
	if out := f.invoke(`{"mode":"echo","data":1}`); string(out.Payload) != "1" {
		t.Errorf("the function after the refused updates: %s", out.Payload)
	}
}

// What a zip says of itself is enough to refuse it before it is unpacked.
func TestClaimedSize(t *testing.T) {
	t.Parallel()
	for size, want := range map[uint64]string{
		maxUnzipped - 100: "",
		maxUnzipped:       "InvalidParameterValueException: Unzipped size must be smaller than 262144000 bytes; cure: leave out what the function does not need",
		1 << 63:           "InvalidParameterValueException: Unzipped size must be smaller than 262144000 bytes; cure: leave out what the function does not need",
	} {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		boot := &zip.FileHeader{Name: "bootstrap", Method: zip.Store}
		boot.SetMode(0o755)
		f, err := w.CreateHeader(boot)
		if err == nil {
			_, err = f.Write([]byte("#!/bin/sh\n"))
		}
		if err == nil {
			_, err = w.CreateRaw(&zip.FileHeader{Name: "data", Method: zip.Deflate, UncompressedSize64: size})
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if _, _, err := openArchive(b.Bytes()); err != nil {
			got = awserr.Explain(err).Error()
		}
		if got != want {
			t.Errorf("%d bytes: %q, want %q", size, got, want)
		}
	}
}
