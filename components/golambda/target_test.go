package golambda

import "testing"

func TestNewTarget(t *testing.T) {
	t.Parallel()
	const variable = "environment variable PROTECTED_HTTP_API_BUILD_TARGET "
	tests := []struct {
		name, architecture, buildTarget, hostOS, hostArch string
		want                                              Target
		wantArchitecture, wantError                       string
	}{
		{name: "arm64", architecture: "arm64", hostOS: "darwin", hostArch: "amd64",
			want: Target{goos: "linux", goarch: "arm64"}, wantArchitecture: "arm64"},
		{name: "x86_64", architecture: "x86_64", hostOS: "darwin", hostArch: "arm64",
			want: Target{goos: "linux", goarch: "amd64"}, wantArchitecture: "x86_64"},
		{name: "host, where the configured architecture differs", architecture: "arm64", buildTarget: "host", hostOS: "linux", hostArch: "amd64",
			want: Target{goos: "linux", goarch: "amd64", host: true}, wantArchitecture: "x86_64"},
		{name: "macOS host", architecture: "x86_64", buildTarget: "host", hostOS: "darwin", hostArch: "arm64",
			want: Target{goos: "darwin", goarch: "arm64", host: true}, wantArchitecture: "arm64"},
		{name: "host that Lambda does not know", architecture: "arm64", buildTarget: "host", hostOS: "linux", hostArch: "riscv64",
			wantError: variable + `is "host", but Lambda has no architecture for this machine's "riscv64": unset it`},
		{name: "other value", architecture: "arm64", buildTarget: "Host", hostOS: "linux", hostArch: "amd64",
			wantError: variable + `is "Host": unset it, or set it to "host" for a deployment to the local AWS`},
		{name: "Go's name", architecture: "amd64", hostOS: "linux", hostArch: "amd64",
			wantError: `architecture "amd64" is not one of "arm64", "x86_64"`},
		{name: "bad architecture on the host", architecture: "", buildTarget: "host", hostOS: "linux", hostArch: "amd64",
			wantError: `architecture "" is not one of "arm64", "x86_64"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := newTarget(test.architecture, test.buildTarget, test.hostOS, test.hostArch)
			if got != test.want {
				t.Errorf("target is %+v, want %+v", got, test.want)
			}
			if architecture := got.Architecture(); architecture != test.wantArchitecture {
				t.Errorf("architecture is %q, want %q", architecture, test.wantArchitecture)
			}
			if got.Host() != test.want.host {
				t.Errorf("Host is %v, want %v", got.Host(), test.want.host)
			}
			message := ""
			if err != nil {
				message = err.Error()
			}
			if message != test.wantError {
				t.Errorf("error is\n%s\nwant\n%s", message, test.wantError)
			}
		})
	}
}
