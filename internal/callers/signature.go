package callers

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/httpsig"
	"github.com/protected-http-api/protected-http-api/internal/local"
)

// Signer signs requests (RFC 9421) with the key of the deployment.
func (c *Callers) Signer() (*httpsig.Signer, error) {
	if c.signingKey == nil {
		return nil, errors.New("no function of the project reads signing keys (SecretsArgs.Paths)")
	}
	key, err := authz.NewHMACKey(authz.HS256, local.SigningKeyID, c.signingKey)
	return &httpsig.Signer{Key: key}, err
}

// SignerOf signs requests with the first of the keys that an authorizer reads.
func (c *Callers) SignerOf(a Authorizer) (*httpsig.Signer, error) {
	if a.KeysPath == "" {
		return nil, fmt.Errorf("the authorizer %s has no signing keys in its environment", a.Name)
	}
	key, err := c.KeyAt(a.KeysPath)
	if err != nil {
		return nil, fmt.Errorf("signing a request for the authorizer %s: %w", a.Name, err)
	}
	return &httpsig.Signer{Key: key}, nil
}

// Developer is what SignIAM signs with, for clients that sign themselves.
func (c *Callers) Developer() (accessKeyID, secretAccessKey, region string) {
	as := c.credentials()
	return as.AccessKeyID, as.SecretAccessKey, c.aws.Environment()["AWS_REGION"]
}

// SignIAM signs a request as AWS clients do (SigV4), for routes with IAM authorization,
// as the developer, who may do everything.
func (c *Callers) SignIAM(r *http.Request) error { return c.signIAM(r, c.credentials()) }

func (c *Callers) signIAM(r *http.Request, as aws.Credentials) error {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return fmt.Errorf("signing the request: %w", err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	sum := sha256.Sum256(body)
	return v4.NewSigner().SignHTTP(r.Context(), as, r, hex.EncodeToString(sum[:]), "execute-api", c.aws.Environment()["AWS_REGION"], time.Now())
}
