package components

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// purpose is what a secret is for: the variable with its path; tokens are what is
// known of the tokens that the component's own authorizer verifies with it.
type purpose struct {
	variable, property string
	path               pulumi.StringInput
	tokens             *TokensArgs
}

// clash says what is wrong with one secret for two purposes; empty where nothing is.
func (p purpose) clash(other purpose) string {
	switch {
	case p.variable != other.variable:
		return fmt.Sprintf("is in %s too: whoever has a key for one purpose could use it for the other: name another one", other.property)
	case p.tokens != nil && other.tokens != nil && !p.tokens.distinct(*other.tokens):
		return fmt.Sprintf("is in %s too: a token for one of the authorizers would be good for the other: give each of them an Audience, or an Issuer, of its own in Methods.Tokens, or name another secret", other.property)
	}
	return ""
}

// purposes are those of the secrets, by their identity.
type purposes map[string][]purpose

// add adds a purpose of the secret at path, and returns with which of the others it
// clashes how.
func (known purposes) add(path string, p purpose) string {
	secret := secretIdentity(path)
	defer func() { known[secret] = append(known[secret], p) }()
	for _, other := range known[secret] {
		if clash := p.clash(other); clash != "" {
			return clash
		}
	}
	return ""
}

// checkPurposes refuses one secret for two purposes, of two authorizers too: whoever
// has a key for the one could use it for the other, for instance a partner's key to
// sign requests for tokens in anybody's name. So it does with one secret for the tokens
// of two of the component's own authorizers that cannot tell theirs apart.
func (c *checker) checkPurposes(a *authorizerPlan) {
	if c.purposes == nil {
		c.purposes = purposes{}
	}
	check := func(p purpose) {
		c.plan.purposes = append(c.plan.purposes, p)
		if plain, ok := p.path.(pulumi.String); ok { // else latePurposes checks it
			if clash := c.purposes.add(string(plain), p); clash != "" {
				c.addf(p.property, "%q %s", string(plain), clash)
			}
		}
	}
	if a.args.SecretPath != nil {
		ofTokens := purpose{variable: contract.EnvSecretPath, property: a.property + ".SecretPath", path: a.args.SecretPath}
		if a.methods != nil {
			ofTokens.tokens = a.methods.Tokens
		}
		check(ofTokens)
	}
	paths := a.args.secrets().Paths
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		property := fmt.Sprintf("%s.Secrets.Paths[%q]", a.property, name)
		if a.methods != nil {
			property = a.property + ".Methods.Signatures.KeysPath"
		}
		if paths[name] != nil {
			check(purpose{variable: name, property: property, path: paths[name]})
		}
	}
}

// latePurposes are the secrets' paths where one of them is known only at deployment;
// else checkPurposes has checked them all.
func (p *plan) latePurposes() pulumi.StringArray {
	var paths pulumi.StringArray
	late := false
	for _, of := range p.purposes {
		_, plain := of.path.(pulumi.String)
		late = late || !plain
		paths = append(paths, of.path)
	}
	if !late {
		return nil
	}
	return paths
}

// checkLatePurposes is checkPurposes with the values of latePurposes. What is given in
// the place of a path may be the secret itself, and is not shown.
func (p *plan) checkLatePurposes(paths []string) error {
	known := purposes{}
	for i, path := range paths {
		if clash := known.add(path, p.purposes[i]); clash != "" {
			return fmt.Errorf("%s: the secret that it names %s", p.purposes[i].property, clash)
		}
	}
	return nil
}

// secretIdentity is the one text for a secret that has a whole and a short ARN.
func secretIdentity(path string) string {
	if isSecretArn(path) {
		return wholeSecretArn.ReplaceAllString(path, "")
	}
	return path
}
