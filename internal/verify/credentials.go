package verify

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// applier puts a credential into a request with a body.
type applier func(r *http.Request, body string) error

// named is a credential with what it is called in an error.
type named struct {
	name  string
	apply applier
}

// clientSources are the identity sources that a request has to have.
func (a *Authorizer) clientSources() []string {
	var all []string
	for _, source := range a.Sources {
		if strings.HasPrefix(source, "$request.") {
			all = append(all, source)
		}
	}
	return all
}

// put puts a token into every identity source of a request; into Authorization where
// there is none.
func (a *Authorizer) put(r *http.Request, token string) {
	sources := a.clientSources()
	if len(sources) == 0 {
		sources = []string{"$request.header.Authorization"}
	}
	for _, source := range sources {
		if name, ok := strings.CutPrefix(source, "$request.header."); ok {
			value := token
			if strings.EqualFold(name, "Authorization") {
				value = "Bearer " + token
			}
			r.Header.Set(name, value)
		} else {
			query := r.URL.Query()
			query.Set(strings.TrimPrefix(source, "$request.querystring."), token)
			r.URL.RawQuery = query.Encode()
		}
	}
}

// badCredentials are what a route must refuse. Each is new, so that no answer to it is
// in a cache.
func (v *verifier) badCredentials(r Route) []named {
	if r.Authorization == types.AuthorizationTypeAwsIam {
		identity := aws.Credentials{AccessKeyID: "AKIA" + rand.Text()[:16], SecretAccessKey: rand.Text()}
		return []named{{"signed with the key of nobody", v.signer(identity)}}
	}
	var all []named
	for _, bad := range []struct{ name, token string }{
		{"a text that is no token", harmless + "-" + rand.Text()},
		{"a token with a forged signature", forged(`{"alg":"HS256","typ":"JWT"}`, rand.Text()+rand.Text())},
		{"a token without a signature", forged(`{"alg":"none"}`, "")},
	} {
		all = append(all, named{bad.name, func(request *http.Request, _ string) error {
			r.Authorizer.put(request, bad.token)
			return nil
		}})
	}
	if r.Authorization == types.AuthorizationTypeCustom && len(r.Authorizer.clientSources()) == 0 {
		// It may take other credentials than tokens.
		all = append(all, named{"an API key that there is not", func(request *http.Request, _ string) error {
			request.Header.Set("X-Api-Key", harmless+"-"+rand.Text())
			return nil
		}}, named{"a forged signature", func(request *http.Request, _ string) error {
			request.Header.Set("Signature-Input", fmt.Sprintf(`sig=("@method" "@path");created=%d;keyid=%q;alg="hmac-sha256"`, time.Now().Unix(), harmless))
			request.Header.Set("Signature", "sig=:"+base64.StdEncoding.EncodeToString([]byte(rand.Text()))+":")
			return nil
		}})
	}
	return all
}

// forged is a token that nobody has issued, with every permission.
func forged(header, signature string) string {
	now := time.Now()
	claims := fmt.Sprintf(`{"sub":%q,"iat":%d,"exp":%d,"permissions":["*"]}`, harmless+"-"+rand.Text(), now.Unix(), now.Add(time.Hour).Unix())
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(claims)) + "." + encode([]byte(signature))
}

// goodCredential is one that a route has to let in.
func (v *verifier) goodCredential(r Route) (applier, error) {
	if r.Authorization == types.AuthorizationTypeAwsIam {
		if v.AWS.Credentials == nil {
			return nil, skipped("there are no AWS credentials")
		}
		identity, err := v.AWS.Credentials.Retrieve(context.Background())
		if err != nil {
			return nil, fmt.Errorf("finding AWS credentials to sign with: %w", err)
		}
		return v.signer(identity), nil
	}
	credential, given := v.Credentials[r.Authorizer.Name]
	if !given {
		return nil, skipped(fmt.Sprintf("there is no credential for the authorizer %q", r.Authorizer.Name))
	}
	return func(request *http.Request, _ string) error {
		for name, values := range credential.Header {
			request.Header[name] = values
		}
		return nil
	}, nil
}

// signer signs requests by Signature Version 4.
func (v *verifier) signer(identity aws.Credentials) applier {
	return func(r *http.Request, body string) error {
		sum := sha256.Sum256([]byte(body))
		return v4.NewSigner().SignHTTP(r.Context(), identity, r, hex.EncodeToString(sum[:]), "execute-api", v.AWS.Region, time.Now())
	}
}
