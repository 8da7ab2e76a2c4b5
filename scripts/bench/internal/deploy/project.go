package deploy

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/bench"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/load"
)

// project is a copy of the program, whose handler is changed.
type project struct {
	name     string
	plain    bool
	dir      string
	source   string // of the handler
	versions int
}

// newProject copies the program to a module of its own, which has this project as it is.
func newProject(ctx context.Context, e *bench.Env, name string, plain bool) (*project, error) {
	p := &project{name: name, plain: plain, dir: filepath.Join(e.Temp, strings.ReplaceAll(name, " ", "-"))}
	if err := os.CopyFS(p.dir, os.DirFS(filepath.Join(e.Root, "scripts/bench/internal/deploy/testdata/program"))); err != nil {
		return nil, err
	}
	const module = "github.com/protected-http-api/protected-http-api"
	requirements, err := os.ReadFile(filepath.Join(e.Root, "go.mod"))
	if err != nil {
		return nil, err
	}
	sums, err := os.ReadFile(filepath.Join(e.Root, "go.sum"))
	if err != nil {
		return nil, err
	}
	settings, err := os.ReadFile(filepath.Join(p.dir, "Pulumi.yaml"))
	if err != nil {
		return nil, err
	}
	handler, err := os.ReadFile(filepath.Join(p.dir, handler))
	if err != nil {
		return nil, err
	}
	p.source = string(handler)
	for file, content := range map[string]string{
		"go.mod": strings.Replace(string(requirements), "module "+module, "module example.com/program", 1) +
			fmt.Sprintf("\nrequire %s v0.0.0\n\nreplace %s => %s\n", module, module, e.Root),
		"go.sum":      string(sums),
		"Pulumi.yaml": strings.Replace(string(settings), "NAME", strings.ReplaceAll(name, " ", "-"), 1),
	} {
		if err := os.WriteFile(filepath.Join(p.dir, file), []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	// What the project needs indirectly stands in its own graph only.
	if _, err := bench.Run(ctx, p.dir, nil, "go", "list", "-mod=mod", "-deps", "./..."); err != nil {
		return nil, err
	}
	return p, p.build(ctx)
}

const handler = "handlers/thing/main.go"

// settings are those of the stack.
func (p *project) settings(routes int) map[string]string {
	return map[string]string{"plain": fmt.Sprint(p.plain), "routes": fmt.Sprint(routes), "archive": p.archive()}
}

func (p *project) archive() string { return filepath.Join(p.dir, "thing.zip") }

// change writes another version of the handler, and without the component builds it.
func (p *project) change(ctx context.Context) (version string, err error) {
	p.versions++
	version = fmt.Sprint("version ", p.versions)
	if err := os.WriteFile(filepath.Join(p.dir, handler), []byte(strings.Replace(p.source, "version 0", version, 1)), 0o600); err != nil {
		return "", err
	}
	return version, p.build(ctx)
}

// build does by hand what the component does: a binary for Lambda in an archive.
func (p *project) build(ctx context.Context) error {
	if !p.plain {
		return nil
	}
	binary := filepath.Join(p.dir, "bootstrap")
	if _, err := bench.Run(ctx, p.dir, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", binary, "./handlers/thing"); err != nil {
		return err
	}
	content, err := os.ReadFile(binary) //nolint:gosec // its own file
	if err != nil {
		return err
	}
	file, err := os.Create(p.archive())
	if err != nil {
		return err
	}
	archive := zip.NewWriter(file)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	entry, err := archive.CreateHeader(header)
	if err == nil {
		_, err = entry.Write(content)
	}
	return errors.Join(err, archive.Close(), file.Close())
}

// start deploys it to a local AWS of its own.
func (p *project) start(ctx context.Context, e *bench.Env, routes int) (*local.Deployment, error) {
	return local.Start(ctx, local.Options{
		Project: p.dir, Stack: "dev", Settings: p.settings(routes), Temp: e.Temp, Progress: io.Discard, Console: io.Discard, Brief: true,
	})
}

// serves calls the last route until it has the version.
func serves(ctx context.Context, url, version string) error {
	for start := time.Now(); ; {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		res, err := load.Client.Do(req)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		switch {
		case err != nil:
			return err
		case res.StatusCode == http.StatusOK && strings.Contains(string(body), version):
			return nil
		case time.Since(start) > time.Minute:
			return fmt.Errorf("%s answers %s, %s, and not %s", url, res.Status, body, version)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
