package ssm

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

var start = time.Date(2024, 9, 5, 19, 33, 8, 123e6, time.UTC)

func newService() *Service {
	return New(account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"}, func() time.Time { return start })
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("got error\n%s\nwant\n%s", got, want)
	}
}

const keyARN = "arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"

func TestPutAndGet(t *testing.T) {
	t.Parallel()
	s := newService()
	v, tier, err := s.Put(Parameter{Name: " /app/secret ", Type: TypeSecureString, Value: "s1", Description: "d", Tags: map[string]string{"k": "v"}})
	if v != 1 || tier != "Standard" || err != nil {
		t.Fatalf("got %d, %s, %v", v, tier, err)
	}
	_, _, err = s.Put(Parameter{Name: "/app/secret", Type: TypeSecureString, Value: "s2"})
	wantError(t, err, "ParameterAlreadyExists: The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	_, _, err = s.Put(Parameter{Name: "/app/secret", Type: TypeString, Value: "s2", Overwrite: true})
	wantError(t, err, "HierarchyTypeMismatchException: the type of /app/secret cannot be changed from SecureString to String: delete the parameter first")
	if v, _, err = s.Put(Parameter{Name: "/app/secret", Value: "s2", Overwrite: true}); v != 2 || err != nil {
		t.Fatalf("got %d, %v", v, err)
	}
	got, err := s.Get("/app/secret")
	want := Parameter{
		Name: "/app/secret", Type: TypeSecureString, Value: "s2", KeyID: DefaultKeyID, DataType: "text", Tier: "Standard", Tags: map[string]string{"k": "v"},
		ARN: "arn:aws:ssm:eu-central-1:000000000000:parameter/app/secret", Version: 2, LastModified: start,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if text := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(text, "s2") {
		t.Error("a parameter prints its value")
	}
	for range maxVersions {
		if _, _, err := s.Put(Parameter{Name: "/app/secret", Value: "x", Overwrite: true}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.parameters["/app/secret"]); n != maxVersions {
		t.Errorf("%d versions are kept", n)
	}
	_, err = s.find("/app/secret:1")
	wantError(t, err, "ParameterVersionNotFound: Systems Manager could not find version 1 of /app/secret. Verify the version and try again.")
	wantError(t, s.Delete("/app/secret"), "")
	wantError(t, s.Delete("/app/secret"), "ParameterNotFound: Parameter /app/secret not found.")
	_, err = s.Get("/app/secret")
	wantError(t, err, "ParameterNotFound: Parameter /app/secret not found.")
}

func TestARN(t *testing.T) {
	t.Parallel()
	s := newService()
	if _, _, err := s.Put(Parameter{Name: "plain", Type: TypeString, Value: "x"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plain", "arn:aws:ssm:eu-central-1:000000000000:parameter/plain", "plain:1"} {
		if p, err := s.Get(name); err != nil || p.Value != "x" || p.ARN != "arn:aws:ssm:eu-central-1:000000000000:parameter/plain" {
			t.Errorf("%s: got %v, %v", name, p, err)
		}
	}
	_, err := s.Get("arn:aws:ssm:eu-central-1:000000000000:parameter/other")
	wantError(t, err, "ParameterNotFound: Parameter /other not found.")
}

// TestSlashAtTheFirstLevel: "/name" and "name" are one parameter, which is kept
// without the slash.
func TestSlashAtTheFirstLevel(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"/name", "name"} {
		s := newService()
		if _, _, err := s.Put(Parameter{Name: name, Type: TypeString, Value: "x"}); err != nil {
			t.Fatal(err)
		}
		for _, other := range []string{"/name", "name", "/name:1", "name:1", "arn:aws:ssm:eu-central-1:000000000000:parameter/name"} {
			p, err := s.Get(other)
			if err != nil || p.Name != "name" || p.Value != "x" || p.ARN != "arn:aws:ssm:eu-central-1:000000000000:parameter/name" {
				t.Errorf("%s, read as %s: got %v, %v", name, other, p, err)
			}
			_, _, err = s.Put(Parameter{Name: strings.TrimSuffix(strings.TrimPrefix(other, "arn:aws:ssm:eu-central-1:000000000000:parameter"), ":1"), Type: TypeString, Value: "y"})
			wantError(t, err, "ParameterAlreadyExists: The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
		}
		found, _ := s.page(pathRequest{Path: new("/")})
		if len(found) != 1 || found[0].Name != "name" {
			t.Errorf("by path: got %v", found)
		}
		if v, _, err := s.Put(Parameter{Name: "/name", Value: "y", Overwrite: true}); v != 2 || err != nil {
			t.Errorf("got version %d, %v", v, err)
		}
		wantError(t, s.Delete("/name"), "")
		wantError(t, s.Delete("name"), "ParameterNotFound: Parameter name not found.")
	}
}

// TestNamesOfReads: what could be no parameter's name is refused, not looked for.
func TestNamesOfReads(t *testing.T) {
	t.Parallel()
	s := newService()
	const want = `ValidationException: Parameter name: can't be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`
	for _, name := range []string{"/x//b", "x/b/c", "//x", "x/b:1", "x/"} {
		_, err := s.Get(name)
		wantError(t, err, want)
		wantError(t, s.Delete(name), want)
		for op, body := range map[string]string{
			"GetParameter": `{"Name":"` + name + `"}`, "DeleteParameter": `{"Name":"` + name + `"}`, "GetParameters": `{"Names":["/good","` + name + `"]}`,
		} {
			_, err := operations(s)[op].Run([]byte(body))
			wantError(t, err, want)
		}
	}
}

func TestPutErrors(t *testing.T) {
	t.Parallel()
	const v = "ValidationException: "
	const reserved = v + `Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive): %q. If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`
	for _, tc := range []struct {
		name string
		p    Parameter
		want string
	}{
		{"no name", Parameter{}, v + "Parameter name: can't be empty, and can include only the following symbols and letters: a-zA-Z0-9_.-/"},
		{"characters", Parameter{Name: "/a b"}, v + "Parameter name: can't be empty, and can include only the following symbols and letters: a-zA-Z0-9_.-/"},
		{"aws", Parameter{Name: "/AWS/x"}, fmt.Sprintf(reserved, "/AWS/x")},
		{"ssm", Parameter{Name: "ssm-x"}, fmt.Sprintf(reserved, "ssm-x")},
		{"no slash", Parameter{Name: "a/b"}, v + "Parameter name must be a fully qualified name."},
		{"empty part", Parameter{Name: "/a//b"}, v + `Parameter name: "/a//b" must not have an empty part or end with a slash.`},
		{"slash at the end", Parameter{Name: "/a/"}, v + `Parameter name: "/a/" must not have an empty part or end with a slash.`},
		{"16 levels", Parameter{Name: strings.Repeat("/a", 16)}, "HierarchyLevelLimitExceededException: A parameter hierarchy can have a maximum of 15 levels: \"" + strings.Repeat("/a", 16) + "\" has 16."},
		{"15 levels", Parameter{Name: strings.Repeat("/a", 15), Type: TypeString, Value: "x"}, ""},
		{"long name", Parameter{Name: "/" + strings.Repeat("a", 1011)}, v + "Parameter name: must have at most 1011 characters, not 1012."},
		{"no type", Parameter{Name: "/a", Value: "x"}, v + "A parameter type is required when you create a parameter."},
		{"type", Parameter{Name: "/a", Type: "Secret", Value: "x"}, v + "1 validation error detected: Value 'Secret' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SecureString, StringList, String]"},
		{"no value", Parameter{Name: "/a", Type: TypeString}, v + "1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"key of a String", Parameter{Name: "/a", Type: TypeString, Value: "x", KeyID: keyARN}, v + "KeyId is required for SecureString type parameters only."},
		{"alias", Parameter{Name: "/a", Type: TypeSecureString, Value: "x", KeyID: "alias/mine"}, "InvalidKeyId: Key alias/mine is not found: use a key's id or ARN in this account and Region; there are no aliases here but alias/aws/ssm"},
		{"key of another account", Parameter{Name: "/a", Type: TypeSecureString, Value: "x", KeyID: strings.Replace(keyARN, "0000", "1111", 1)}, "InvalidKeyId: Key arn:aws:kms:eu-central-1:111100000000:key/1234abcd-12ab-34cd-56ef-1234567890ab is not found: use a key's id or ARN in this account and Region; there are no aliases here but alias/aws/ssm"},
		{"key", Parameter{Name: "/a", Type: TypeSecureString, Value: "x", KeyID: keyARN}, ""},
		{"long value", Parameter{Name: "/a", Type: TypeString, Value: strings.Repeat("x", 4097)}, v + "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"},
		{"advanced", Parameter{Name: "/a", Type: TypeString, Value: strings.Repeat("x", 8192), Tier: "Advanced"}, ""},
		{"intelligent", Parameter{Name: "/a", Type: TypeString, Value: strings.Repeat("x", 8192), Tier: "Intelligent-Tiering"}, ""},
		{"too long", Parameter{Name: "/a", Type: TypeString, Value: strings.Repeat("x", 8193), Tier: "Advanced"}, v + "Advanced tier parameters support a maximum parameter value of 8192 characters."},
		{"tier", Parameter{Name: "/a", Type: TypeString, Value: "x", Tier: "Free"}, v + "1 validation error detected: Value 'Free' at 'tier' failed to satisfy constraint: Member must satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]"},
		{"description", Parameter{Name: "/a", Type: TypeString, Value: "x", Description: strings.Repeat("x", 1025)}, v + "1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1024"},
		{"data type", Parameter{Name: "/a", Type: TypeString, Value: "x", DataType: "aws:ec2:image"}, v + `the data type "aws:ec2:image" of /a is not supported by the local AWS: use text`},
		{"pattern", Parameter{Name: "/a", Type: TypeString, Value: "secret-x", AllowedPattern: "[0-9]+"}, "ParameterPatternMismatchException: Parameter value, cannot be validated against allowedPattern: [0-9]+"},
		{"bad pattern", Parameter{Name: "/a", Type: TypeString, Value: "x", AllowedPattern: "["}, "InvalidAllowedPatternException: The allowed pattern of /a is not a valid regular expression of at most 1024 characters."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := newService().Put(tc.p)
			wantError(t, err, tc.want)
		})
	}
}

func operations(s *Service) map[string]protocol.Operation {
	return s.Handler().(*protocol.JSON).Operations
}

// TestGrants: what each request needs, in this order.
func TestGrants(t *testing.T) {
	t.Parallel()
	s := newService()
	for name, key := range map[string]string{"/own": keyARN, "/default": ""} {
		if _, _, err := s.Put(Parameter{Name: name, Type: TypeSecureString, Value: "x", KeyID: key}); err != nil {
			t.Fatal(err)
		}
	}
	const arn = "arn:aws:ssm:eu-central-1:000000000000:parameter"
	kms := iam.Context{"kms:ViaService": "ssm.eu-central-1.amazonaws.com", "kms:EncryptionContext:PARAMETER_ARN": arn + "/own"}
	for _, tc := range []struct {
		name, op, body string
		want           []iam.Grant
		wantErr        string
	}{
		{"get", "GetParameter", `{"Name":"/own"}`, []iam.Grant{{Action: "ssm:GetParameter", Resource: arn + "/own"}}, ""},
		{"get a version by ARN", "GetParameter", `{"Name":"` + arn + `/own:1"}`, []iam.Grant{{Action: "ssm:GetParameter", Resource: arn + "/own"}}, ""},
		{"decrypt", "GetParameter", `{"Name":"/own","WithDecryption":true}`, []iam.Grant{{Action: "ssm:GetParameter", Resource: arn + "/own"}, {Action: "kms:Decrypt", Resource: keyARN, Context: kms}}, ""},
		{"decrypt with AWS's key", "GetParameter", `{"Name":"/default","WithDecryption":true}`, []iam.Grant{{Action: "ssm:GetParameter", Resource: arn + "/default"}}, ""},
		{"without slash", "GetParameter", `{"Name":"x"}`, []iam.Grant{{Action: "ssm:GetParameter", Resource: arn + "/x"}}, ""},
		{"many", "GetParameters", `{"Names":["/own","/x"],"WithDecryption":true}`, []iam.Grant{{Action: "ssm:GetParameters", Resource: arn + "/own"}, {Action: "ssm:GetParameters", Resource: arn + "/x"}, {Action: "kms:Decrypt", Resource: keyARN, Context: kms}}, ""},
		{"delete", "DeleteParameter", `{"Name":"/own"}`, []iam.Grant{{Action: "ssm:DeleteParameter", Resource: arn + "/own"}}, ""},
		{"put", "PutParameter", `{"Name":"/x","Type":"String"}`, []iam.Grant{{Action: "ssm:PutParameter", Resource: arn + "/x"}}, ""},
		{"put with a key", "PutParameter", `{"Name":"/own","Type":"SecureString","KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab"}`, []iam.Grant{{Action: "ssm:PutParameter", Resource: arn + "/own"}, {Action: "kms:Encrypt", Resource: keyARN, Context: kms}}, ""},
		{"overwrite keeps the key", "PutParameter", `{"Name":"/own","Overwrite":true,"Tier":"Advanced"}`, []iam.Grant{{Action: "ssm:PutParameter", Resource: arn + "/own"}, {Action: "kms:GenerateDataKey", Resource: keyARN, Context: kms}}, ""},
		{"no name", "GetParameter", `{"Names":["/own"]}`, nil, "ValidationException: 1 validation error detected: Value at 'name' failed to satisfy constraint: Member must not be null, and a list has 1 to 10 names"},
		{"odd name", "GetParameter", `{"Name":"/*"}`, nil, "ValidationException: Invalid label or version specifier, or parameter name: only a-zA-Z0-9_.-/ and a version after a colon are allowed"},
		{"not JSON", "GetParameter", `{"Name"`, nil, "SerializationException: the body of the request must be a JSON object"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := operations(s)[tc.op].Grants([]byte(tc.body))
			wantError(t, err, tc.wantErr)
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestWire(t *testing.T) {
	t.Parallel()
	s := newService()
	if _, err := operations(s)["PutParameter"].Run([]byte(`{"Name":"/x","Type":"SecureString","Value":"plain-text","Tags":[{"Key":"a","Value":"b"}]}`)); err != nil {
		t.Fatal(err)
	}
	get := func(body string) string {
		out, err := operations(s)["GetParameter"].Run([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	const want = `{"Parameter":{"ARN":"arn:aws:ssm:eu-central-1:000000000000:parameter/x","DataType":"text","LastModifiedDate":1725564788.123,"Name":"x","Selector":":1","Type":"SecureString","Value":"plain-text","Version":1}}`
	if got := get(`{"Name":"/x:1","WithDecryption":true}`); got != want {
		t.Errorf("got %s", got)
	}
	encrypted := get(`{"Name":"/x"}`)
	if strings.Contains(encrypted, "plain-text") || strings.Contains(encrypted, base64.StdEncoding.EncodeToString([]byte("plain-text"))) || get(`{"Name":"/x"}`) != encrypted {
		t.Errorf("without decryption: %s", encrypted)
	}
	_, err := operations(s)["PutParameter"].Run([]byte(`{"Name":"/y","Type":"String","Value":"x","Policies":"[{}]"}`))
	wantError(t, err, "ValidationException: parameter policies are not supported by the local AWS: leave out Policies")
}

func TestConcurrentPuts(t *testing.T) {
	t.Parallel()
	s := newService()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				if _, _, err := s.Put(Parameter{Name: "/x", Type: TypeString, Value: "v", Overwrite: true}); err != nil {
					t.Error(err)
				}
				if _, err := s.Get("/x"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if p, err := s.Get("/x"); err != nil || p.Version != 80 {
		t.Errorf("got %v, %v", p, err)
	}
}

func FuzzBody(f *testing.F) {
	for op := range operations(newService()) {
		f.Add(op, `{"Name":"/x","Names":["/x:1"],"Type":"SecureString","Value":"v","WithDecryption":true,"KeyId":"alias/aws/ssm","Path":"/","NextToken":"Lwo"}`)
		f.Add(op, `{"Name":null}`)
	}
	f.Fuzz(func(t *testing.T, op, body string) {
		s := newService()
		o, ok := operations(s)[op]
		if !ok {
			return
		}
		grants, err := o.Grants([]byte(body))
		if err == nil && len(grants) == 0 {
			t.Fatal("a request without any permission")
		}
		if err == nil {
			_, _ = o.Run([]byte(body))
		}
	})
}
