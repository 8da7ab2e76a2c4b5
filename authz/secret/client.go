package secret

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/awsjson"
	"github.com/protected-http-api/protected-http-api/authz/internal/fresh"
	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// maxParameters bounds what ByPath reads. Its pages of ten follow each other, so
// that 300 parameters are 30 calls: within the 4 s that there are to read them
// again, if none takes longer than 130 ms.
const maxParameters = 300

// secureString is the only type of parameter that is read. A String is
// readable by whoever may describe it, without the key. The type of a
// parameter cannot be changed (HierarchyTypeMismatchException).
const secureString = "SecureString"

// Client reads secrets from AWS Systems Manager Parameter Store and from AWS Secrets
// Manager. It is safe for concurrent use.
type Client struct{ ssm, secretsManager *awsjson.Client }

// NewClient returns a client with the Region, the endpoint and the credentials
// of the environment variables that AWS's SDKs read (AWS_REGION,
// AWS_ENDPOINT_URL_SSM, AWS_ENDPOINT_URL_SECRETS_MANAGER, AWS_ACCESS_KEY_ID, …). A nil getenv is os.Getenv; it is
// asked in every call.
func NewClient(getenv func(string) string) *Client { return newClient(awsjson.Config{Getenv: getenv}) }

// patience is how long a reading goes on while Systems Manager throttles it: an
// account may read 40 parameters a second (AWS General Reference, "AWS Systems
// Manager endpoints and quotas"), and each cold start reads one. Lambda gives an
// initialisation 10 s, and API Gateway an authorizer, initialisation included; the
// rest is for the request.
const patience = fresh.FirstTimeout

func newClient(c awsjson.Config) *Client {
	c.Version, c.KeepAlive, c.Patience = "1.1", true, patience
	ofSecrets := c
	c.Service, c.Target = "ssm", "AmazonSSM"
	ofSecrets.Service, ofSecrets.Target = "secretsmanager", "secretsmanager"
	return &Client{awsjson.New(c), awsjson.New(ofSecrets)}
}

// parameter is what this package needs of one in an answer.
type parameter struct {
	Name, Type, Value string
	LastModifiedDate  float64 // seconds since the epoch
}

// changed returns the time of a value's last change; the zero time where the answer
// does not say so.
func changed(seconds float64) time.Time {
	if seconds <= 0 || seconds > contract.MaxSeconds {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// Get returns the decrypted value of the SecureString parameter with the full
// name path, or the text of the current version of the secret of Secrets Manager
// whose ARN path is. It needs the permission ssm:GetParameter or
// secretsmanager:GetSecretValue on it, and kms:Decrypt if it has a key of its own.
// The error wraps authz.ErrMisconfigured or authz.ErrUnavailable and shows nothing
// of the value.
func (c *Client) Get(ctx context.Context, path string) (string, error) {
	value, _, err := c.get(ctx, path)
	return value, err
}

// get is Get, and says when the parameter was last changed.
func (c *Client) get(ctx context.Context, path string) (string, time.Time, error) {
	if err := checkName("the path", path); err != nil {
		return "", time.Time{}, fmt.Errorf("reading a parameter: %w", err)
	}
	if isSecretARN(path) {
		value, at, err := c.secret(ctx, path)
		if err != nil {
			return "", time.Time{}, fmt.Errorf("reading secret %q: %w", path, err)
		}
		return value, at, nil
	}
	p, err := c.parameter(ctx, path)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("reading parameter %q: %w", path, err)
	}
	return p.Value, changed(p.LastModifiedDate), nil
}

func (c *Client) parameter(ctx context.Context, path string) (parameter, error) {
	var answer json.RawMessage
	// A path has no character that is escaped.
	err := c.ssm.Call(ctx, "GetParameter", json.RawMessage(`{"Name":"`+path+`","WithDecryption":true}`), &answer)
	if err != nil {
		return parameter{}, awsjson.WithCure(err, map[string]string{
			"ParameterNotFound":     "put the parameter: aws ssm put-parameter --type SecureString --name " + path + " --value …",
			"AccessDeniedException": "allow the function's role ssm:GetParameter on " + path + ", and kms:Decrypt if the parameter has a key of its own",
		})
	}
	p, good := parameterOf(answer)
	if !good {
		return parameter{}, fmt.Errorf("%w: the answer of Systems Manager to GetParameter is not as documented", authz.ErrUnavailable)
	}
	if p.Type == "" {
		return parameter{}, fmt.Errorf("%w: the answer of Systems Manager has no parameter", authz.ErrUnavailable)
	}
	if t := p.Type; t != secureString {
		return parameter{}, fmt.Errorf("%w: its type is %.20q, but a secret must be a SecureString; delete it and put it again: aws ssm put-parameter --type SecureString --name %s --value …", authz.ErrMisconfigured, t, path)
	}
	return p, nil
}

// parameterOf reads the parameter of an answer; one that is not there is empty.
func parameterOf(answer json.RawMessage) (p parameter, good bool) {
	members, err := strictjson.Object(answer)
	whole, present := members["Parameter"]
	if err != nil || !present {
		return parameter{}, err == nil
	}
	if members, err = strictjson.Object(whole); err != nil {
		return parameter{}, false
	}
	for name, text := range map[string]*string{"Name": &p.Name, "Type": &p.Type, "Value": &p.Value} {
		if raw, present := members[name]; present {
			if *text, good = strictjson.String(raw); !good {
				return parameter{}, false
			}
		}
	}
	if raw, present := members["LastModifiedDate"]; present {
		// In valid JSON, what ParseFloat takes is a number.
		p.LastModifiedDate, err = strconv.ParseFloat(string(raw), 64)
	}
	return p, err == nil
}

// secret returns the text of a secret's current version, and when that was put.
func (c *Client) secret(ctx context.Context, arn string) (string, time.Time, error) {
	var answer struct {
		SecretString *string
		CreatedDate  float64 // of the version
	}
	err := c.secretsManager.Call(ctx, "GetSecretValue", struct{ SecretId string }{arn}, &answer)
	if err != nil {
		return "", time.Time{}, awsjson.WithCure(err, map[string]string{
			"ResourceNotFoundException": "give the secret a value: aws secretsmanager put-secret-value --secret-id " + arn + " --secret-string …; if there is no such secret, make one and name its ARN",
			"AccessDeniedException":     "allow the function's role secretsmanager:GetSecretValue on the secret's whole ARN, with the six characters at its end, and kms:Decrypt if it has a key of its own",
		})
	}
	if answer.SecretString == nil {
		return "", time.Time{}, fmt.Errorf("%w: it has no text; a binary value is not read; put a text: aws secretsmanager put-secret-value --secret-id %s --secret-string …", authz.ErrMisconfigured, arn)
	}
	return *answer.SecretString, changed(answer.CreatedDate), nil
}

// ByPath returns the decrypted values of all parameters below the path prefix,
// at any depth, by full name; none is no error, and more than 300 are one. One
// that is not a SecureString has an empty value here, which no parameter has: one
// such mistake does not take the other parameters away.
//
// It needs the permission ssm:GetParametersByPath on the ARN of the path itself
// (…:parameter/app/tenants, without slash or asterisk at the end), which
// covers all below it, and kms:Decrypt for parameters with a key of their own.
// The error is like that of Get.
func (c *Client) ByPath(ctx context.Context, prefix string) (map[string]string, error) {
	if err := checkParameter("the path", prefix); err != nil {
		return nil, fmt.Errorf("reading parameters: %w", err)
	}
	values, err := c.byPath(ctx, prefix)
	if err != nil {
		return nil, fmt.Errorf("reading the parameters below %q: %w", prefix, err)
	}
	return values, nil
}

func (c *Client) byPath(ctx context.Context, prefix string) (map[string]string, error) {
	if strings.HasSuffix(prefix, "/") {
		return nil, fmt.Errorf("%w: the path must not end with a slash", authz.ErrMisconfigured)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	values, token := map[string]string{}, ""
	for {
		var page struct {
			Parameters []parameter
			NextToken  string
		}
		err := c.ssm.Call(ctx, "GetParametersByPath", struct {
			Path                      string
			Recursive, WithDecryption bool
			MaxResults                int
			NextToken                 string `json:",omitempty"`
		}{prefix, true, true, 10, token}, &page)
		if err != nil {
			return nil, awsjson.WithCure(err, map[string]string{
				"AccessDeniedException": "allow the function's role ssm:GetParametersByPath on " + prefix + " itself, and kms:Decrypt if a parameter has a key of its own",
			})
		}
		for _, p := range page.Parameters {
			if p.Type != secureString {
				p.Value = ""
			}
			values[p.Name] = p.Value
		}
		if len(values) > maxParameters {
			return nil, fmt.Errorf("%w: there are more than %d, which cannot be read in time; use several paths, or another store", authz.ErrMisconfigured, maxParameters)
		}
		if token = page.NextToken; token == "" {
			return values, nil
		}
	}
}
