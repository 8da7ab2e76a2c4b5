package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// deployedState is the state of a stack that was deployed to AWS, as the local AWS takes
// it.
type deployedState struct {
	untyped   apitype.UntypedDeployment
	resources []map[string]any
	// account is the one that the resources are in.
	account string
	// secrets are the names of resources with secret values.
	secrets []string
}

// accountARN matches an ARN with an account.
var accountARN = regexp.MustCompile(`arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:([0-9]{12}):`)

// readDeployed reads what pulumi stack export writes. Secrets get the text [secret]: they
// are encrypted with a key of the stack's own. What AWS's provider has added to what the
// program gave, by its own conventions, is left out: the local provider adds nothing.
func readDeployed(exported []byte, project, stack string) (deployedState, error) {
	var s deployedState
	if len(bytes.TrimSpace(exported)) == 0 {
		return s, nil
	}
	const cure = "write it with pulumi stack export"
	if err := json.Unmarshal(exported, &s.untyped); err != nil {
		return s, fmt.Errorf("the state is not JSON: %w: %s", err, cure)
	}
	var deployment map[string]any
	decoder := json.NewDecoder(bytes.NewReader(s.untyped.Deployment))
	decoder.UseNumber()
	if err := decoder.Decode(&deployment); err != nil {
		return s, fmt.Errorf("the state has no deployment: %s", cure)
	}
	if s.untyped.Version < 3 {
		return s, fmt.Errorf("the state is of version %d, which is too old: %s of a newer Pulumi", s.untyped.Version, cure)
	}
	list, _ := deployment["resources"].([]any)
	accounts := map[string]int{}
	for _, item := range list {
		r, ok := item.(map[string]any)
		if !ok {
			return s, fmt.Errorf("the state has a resource that is no object: %s", cure)
		}
		text, _ := r["urn"].(string)
		urn := resource.URN(text)
		if !urn.IsValid() {
			return s, fmt.Errorf("the state has a resource with the URN %q: %s", text, cure)
		}
		if string(urn.Project()) != project || string(urn.Stack()) != stack {
			return s, fmt.Errorf("the state is of the stack %s of the project %s, not of %s of %s: name another stack with --stack, or give another state", urn.Stack(), urn.Project(), stack, project)
		}
		if _, has := hideSecrets(r); has {
			s.secrets = append(s.secrets, urn.Name())
		}
		if strings.HasPrefix(string(urn.Type()), "aws:") {
			asGiven(r, urn.Name())
			encoded, err := json.Marshal(r["outputs"])
			if err != nil {
				return s, fmt.Errorf("reading %s in the state: %w", urn.Name(), err)
			}
			for _, match := range accountARN.FindAllSubmatch(encoded, -1) {
				accounts[string(match[1])]++
			}
		}
		s.resources = append(s.resources, r)
	}
	for account, n := range accounts {
		if best := accounts[s.account]; n > best || n == best && account < s.account {
			s.account = account
		}
	}
	slices.Sort(s.secrets)
	delete(deployment, "secrets_providers")
	delete(deployment, "pending_operations") // nothing is updated
	var err error
	s.untyped.Deployment, err = json.Marshal(deployment)
	return s, err
}

// hideSecrets returns a value with a text in the place of each secret, and whether there
// are some.
func hideSecrets(value any) (any, bool) {
	found := false
	switch value := value.(type) {
	case map[string]any:
		if value[resource.SigKey] == resource.SecretSig {
			return hidden, true
		}
		for name, member := range value {
			without, has := hideSecrets(member)
			value[name], found = without, found || has
		}
	case []any:
		for i, element := range value {
			without, has := hideSecrets(element)
			value[i], found = without, found || has
		}
	}
	return value, found
}

// defaults is how the providers that are made of Terraform's note what they have added to
// a resource's inputs.
const defaults = "__defaults"

// asGiven makes a resource's inputs what the program gave, and its state what was made of
// these: AWS and its provider write policies, for instance, in another way.
func asGiven(r map[string]any, name string) {
	inputs, _ := r["inputs"].(map[string]any)
	outputs, _ := r["outputs"].(map[string]any)
	var kept []any
	added, _ := inputs[defaults].([]any)
	for _, key := range added {
		key, _ := key.(string)
		if value, _ := inputs[key].(string); strings.HasPrefix(value, name+"-") {
			kept = append(kept, key) // a name with a random end
			continue
		}
		delete(inputs, key)
	}
	delete(inputs, defaults)
	for _, value := range inputs {
		withoutDefaults(value)
	}
	for key, value := range inputs {
		if outputs != nil {
			outputs[key] = value
		}
	}
	if kept != nil {
		inputs[defaults] = kept
	}
}

// withoutDefaults leaves out what a provider has added within a value.
func withoutDefaults(value any) {
	switch value := value.(type) {
	case map[string]any:
		added, _ := value[defaults].([]any)
		for _, key := range added {
			if key, ok := key.(string); ok {
				delete(value, key)
			}
		}
		delete(value, defaults)
		for _, member := range value {
			withoutDefaults(member)
		}
	case []any:
		for _, element := range value {
			withoutDefaults(element)
		}
	}
}
