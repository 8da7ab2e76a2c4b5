package aws

import (
	"archive/zip"
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

// What a function has in its environment and may read: parameters and secrets, each
// alone or in a list. A secret that is stored has the ARN by which it is named.
func TestParametersOfFunctions(t *testing.T) {
	t.Parallel()
	server, err := Start(Config{Region: "eu-central-1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	role, err := server.services.IAM.CreateRole(iam.Role{Name: "fn", AssumeRolePolicy: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`})
	if err == nil {
		err = server.services.IAM.PutRolePolicy("fn", "p", `{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Action":"ssm:GetParameter","Resource":"arn:aws:ssm:*:*:parameter/app/*"},
			{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":["arn:aws:secretsmanager:*:*:secret:whole-AbCdEf","arn:aws:secretsmanager:*:*:secret:partial-??????"]}]}`)
	}
	if err != nil {
		t.Fatal(err)
	}
	var code bytes.Buffer
	w := zip.NewWriter(&code)
	header := &zip.FileHeader{Name: "bootstrap"}
	header.SetMode(0o755)
	file, err := w.CreateHeader(header)
	if err == nil {
		_, err = file.Write([]byte("#!/bin/sh\n"))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	const prefix = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:"
	_, err = server.lambda.CreateFunction(t.Context(), lambda.Function{
		Name: "fn", RoleARN: role.ARN, Runtime: "provided.al2023", Handler: "bootstrap", Code: code.Bytes(),
		Environment: map[string]string{
			"WHOLE": prefix + "whole-AbCdEf", "LIST": "/app/a, /app/b," + prefix + "partial", "OTHER": "/other", "FORBIDDEN": prefix + "none", "URL": "http://x/app/a",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	found := server.Parameters()
	want := []string{"/app/a", "/app/b", prefix + "partial", prefix + "whole-AbCdEf"}
	if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for _, name := range want {
		if server.HasParameter(name) {
			t.Errorf("%s is there before anybody has stored it", name)
		}
		for _, value := range []string{"first", "second"} {
			if err := server.PutSecret(name, value); err != nil || !server.HasParameter(name) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if it, version, err := server.secrets.Get("whole", "", ""); err != nil || it.ARN != prefix+"whole-AbCdEf" || version.String != "second" {
		t.Errorf("the secret is %v, %v", it, err)
	}
}
