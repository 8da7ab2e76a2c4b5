package provider

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
)

// A path in an archive, at whatever depth, is relative to the program, wherever the
// deployment was started.
func TestArchivesOfTheProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"code/bootstrap": "b", "text": "t"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := func(path string) *asset.Asset { return &asset.Asset{Sig: asset.AssetSig, Path: path} }
	folder := func(path string) *archive.Archive { return &archive.Archive{Sig: archive.ArchiveSig, Path: path} }
	members := func(assets map[string]any) *archive.Archive {
		return &archive.Archive{Sig: archive.ArchiveSig, Assets: assets}
	}
	for _, tt := range []struct {
		name  string
		given *archive.Archive
		want  map[string]string
	}{
		{"a folder", folder("code"), map[string]string{"bootstrap": "b"}},
		{"an absolute folder", folder(filepath.Join(dir, "code")), map[string]string{"bootstrap": "b"}},
		{"files", members(map[string]any{"bootstrap": file("code/bootstrap"), "x": file("./text")}), map[string]string{"bootstrap": "b", "x": "t"}},
		{"a folder in an archive", members(map[string]any{"in": folder("code")}), map[string]string{"in/bootstrap": "b"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inputs := property.NewMap(map[string]property.Value{"code": property.New(tt.given).WithSecret(true)})
			located := newProvider(Services{ProgramDir: dir}).located(inputs).Get("code")
			if !located.Secret() {
				t.Error("the archive is no secret any more")
			}
			content, err := located.AsArchive().Bytes(archive.ZIPArchive)
			if err != nil {
				t.Fatal(err)
			}
			checkZip(t, content, tt.want)
		})
	}
}

func checkZip(t *testing.T, content []byte, want map[string]string) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.File) != len(want) {
		t.Errorf("the archive has %d files, want %d", len(r.File), len(want))
	}
	for _, f := range r.File {
		member, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(member)
		if err != nil || string(text) != want[f.Name] {
			t.Errorf("%s is %q, %v, want %q", f.Name, text, err, want[f.Name])
		}
	}
}

// A parameter that the program looks up at deployment gets a secret where one is
// given, and is not found where none is, as on AWS.
func TestParameterOfTheDeployment(t *testing.T) {
	t.Parallel()
	acct := account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"}
	look := func(s Services, args property.Map) (property.Value, error) {
		response, err := newProvider(s).functions().Invoke(t.Context(), p.InvokeRequest{Token: "aws:ssm/getParameter:getParameter", Args: args})
		return response.Return.Get("value"), err
	}
	const missing = "invoking aws:ssm/getParameter:getParameter: reading SSM Parameter (/a/b): couldn't find resource"
	if _, err := look(Services{Account: acct, SSM: ssm.New(acct, nil)}, object("name", "/a/b")); err == nil || err.Error() != missing {
		t.Errorf("the error is %v, want %s", err, missing)
	}
	s := Services{Account: acct, SSM: ssm.New(acct, nil), Secret: func(name string) string { return "secret of " + name }}
	if _, err := look(s, object("name", "/a/b", "withDecryption", false)); err == nil || err.Error() != missing {
		t.Errorf("without decryption the error is %v, want %s", err, missing)
	}
	const unknown = "invoking aws:ssm/getParameter:getParameter: reading SSM Parameter (/a/b): a preview does not know which parameters AWS has"
	previewed := s
	previewed.ForAWS = true
	if _, err := look(previewed, object("name", "/a/b", "withDecryption", false)); err == nil || err.Error() != unknown {
		t.Errorf("in a preview the error is %v, want %s", err, unknown)
	}
	if value, err := look(s, object("name", "/a/b")); err != nil || !value.Secret() || value.AsString() != "secret of /a/b" {
		t.Errorf("the value is %v, %v", value, err)
	}
	if parameter, err := s.SSM.Get("/a/b"); err != nil || parameter.Type != "SecureString" || parameter.Value != "secret of /a/b" {
		t.Errorf("the parameter is a %s, %v", parameter.Type, err)
	}
}
