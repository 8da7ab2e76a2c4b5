package local

import (
	"fmt"
	"maps"
	"slices"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// SigningKeyID is the id of the one key that a local deployment stores where keys
// need ids.
const SigningKeyID = "local"

// storeSecrets stores secrets in the parameters, and in the secrets of Secrets Manager,
// that the deployed functions read and that are not there: on AWS a developer has put them there. A parameter that the
// component names to its function as the secret of tokens gets Secret, any other a
// document with the key SigningKey: as a text it is as good as any random one.
func (d *Deployment) storeSecrets() error {
	parameters := d.AWS.Parameters()
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		ofTokens := slices.Contains(parameters[name], contract.EnvSecretPath)
		switch {
		case d.AWS.HasParameter(name):
		case ofTokens:
			if err := d.storeSecret(name); err != nil {
				return err
			}
		default:
			if err := d.AWS.PutSecret(name, fmt.Sprintf(`{"keys":{%q:%q}}`, SigningKeyID, d.SigningKey)); err != nil {
				return err
			}
			d.noteParameter(&d.KeyPaths, name)
		}
	}
	return nil
}

// storeSecret stores Secret in a parameter.
func (d *Deployment) storeSecret(name string) error {
	if err := d.AWS.PutSecret(name, string(d.Secret)); err != nil {
		return err
	}
	d.noteParameter(&d.SecretPaths, name)
	return nil
}

// lookedUp is the value of a parameter that the program looks up at deployment.
func (d *Deployment) lookedUp(name string) string {
	d.noteParameter(&d.SecretPaths, name)
	return string(d.Secret)
}

// noteParameter adds a parameter to a sorted list.
func (d *Deployment) noteParameter(list *[]string, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if at, found := slices.BinarySearch(*list, name); !found {
		*list = slices.Insert(*list, at, name)
	}
}
