package provider

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/provider/catalog"
)

// Neighbours are the resources of a program that the local AWS does not imitate: they
// are recorded, and have no effect. The record outlives the commands of Pulumi.
type Neighbours struct {
	console *console.Console

	mu    sync.Mutex
	there map[string]map[string]neighbour // by type and ID
	named map[string]bool                 // what the console was told, by token
}

// neighbour is one of them: its state, of which inputs are what the program gave.
type neighbour struct {
	inputs  property.Map
	outputs map[string]any
}

// NewNeighbours returns an empty record, which tells the console the first time that
// it meets a type.
func NewNeighbours(console *console.Console) *Neighbours {
	return &Neighbours{console: console, there: map[string]map[string]neighbour{}, named: map[string]bool{}}
}

// tell tells the console of a type or function, once.
func (n *Neighbours) tell(token, text string) {
	n.mu.Lock()
	told := n.named[token]
	n.named[token] = true
	n.mu.Unlock()
	if !told {
		n.console.Printf("%s %s", token, text)
	}
}

func (n *Neighbours) get(token, id string) (neighbour, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	it, ok := n.there[token][id]
	return it, ok
}

// put records a resource; false where there is one of that type and ID, and fresh
// says that there must be none.
func (n *Neighbours) put(token, id string, it neighbour, fresh bool) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.there[token][id]; ok && fresh {
		return false
	}
	if n.there[token] == nil {
		n.there[token] = map[string]neighbour{}
	}
	n.there[token][id] = it
	return true
}

func (n *Neighbours) remove(token, id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.there[token], id)
}

// examples are the inputs that the resources of each type have.
func (n *Neighbours) examples() map[string]property.Map {
	n.mu.Lock()
	defer n.mu.Unlock()
	found := map[string]property.Map{}
	for token, all := range n.there {
		for _, it := range all {
			example := found[token]
			for key, value := range it.inputs.All {
				example = example.Set(key, value)
			}
			found[token] = example
		}
	}
	return found
}

// find finds the one resource of a type whose state has all of these values.
func (n *Neighbours) find(token string, values property.Map) (property.Map, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var found []property.Map
	for id, it := range n.there[token] {
		is := state(it.inputs, it.outputs).Set("id", property.New(id))
		matches := values.Len() > 0
		for key, value := range values.All {
			has, ok := is.GetOk(key)
			matches = matches && ok && revealed(has).Equals(revealed(value))
		}
		if matches {
			found = append(found, is)
		}
	}
	if len(found) != 1 {
		return property.Map{}, false
	}
	return found[0], true
}

// decisive are types that would change what the local AWS decides or answers, and so
// are not taken without their effect; the value is what to do instead.
var decisive = map[string]string{
	"aws:apigatewayv2/":                      "describe the API by the types that the local AWS has",
	"aws:dynamodb/resourcePolicy:":           "grant access by the policies of roles",
	"aws:dynamodb/tableItem:":                "write the item by a function, or after the deployment with aws dynamodb put-item",
	"aws:dynamodb/tag:":                      "give the table its tags by the property tags",
	"aws:iam/policyAttachment:":              "use aws:iam/rolePolicyAttachment:RolePolicyAttachment",
	"aws:iam/rolePoliciesExclusive:":         "use aws:iam/rolePolicy:RolePolicy alone",
	"aws:iam/rolePolicyAttachmentsExclusive": "use aws:iam/rolePolicyAttachment:RolePolicyAttachment alone",
	"aws:lambda/invocation:":                 "call the function after the deployment with aws lambda invoke",
	"aws:secretsmanager/secretPolicy:":       "grant access by the policies of roles",
}

// harmless are those of the modules in decisive that only reach what is not here.
var harmless = []string{"aws:apigatewayv2/vpcLink:VpcLink"}

// inert is how a type behaves that the local AWS does not imitate. Its properties are
// those that it happens to have.
type inert struct {
	typ  string
	kind kind
	keys []string
	on   *Neighbours
}

// inertResource returns the type, whose properties are those of inputs.
func (pr *provider) inertResource(token string, inputs ...property.Map) (resource, error) {
	known, err := catalog.Find(token)
	if err != nil {
		return nil, err
	}
	for prefix, instead := range decisive {
		if strings.HasPrefix(token, prefix) && !slices.Contains(harmless, token) {
			return nil, fmt.Errorf("the local AWS does not support the resource type %s, without which requests would be answered in another way than on AWS: %s; it imitates %s",
				token, instead, pr.imitated())
		}
	}
	r := inert{typ: token, kind: kindOf(token, known), on: pr.Neighbours}
	all := map[string]bool{}
	for _, m := range inputs {
		for key := range m.All {
			all[key] = true
		}
	}
	delete(all, defaultsKey)
	r.keys = slices.Sorted(maps.Keys(all))
	return r, nil
}

func (r inert) token() string           { return r.typ }
func (r inert) autoname() (string, int) { return r.kind.name, r.kind.length }
func (r inert) inputs() reflect.Type    { return reflect.TypeFor[struct{}]() }

func (r inert) outputs() []string { return slices.Sorted(maps.Keys(r.kind.outputs)) }

// fields: with another name it is another resource, all else changes in place.
func (r inert) fields() []field {
	fields := make([]field, len(r.keys))
	for i, key := range r.keys {
		fields[i] = field{name: key, replace: key == r.kind.name}
	}
	return fields
}

func (r inert) check(property.Map) []p.CheckFailure { return nil }

// defaulted fills the property that is the resource's name in Pulumi where the program
// leaves it out. The list of defaults is always there, as AWS's provider has it: a
// resource without inputs would be one to look up.
func (r inert) defaulted(req p.CheckRequest) property.Map {
	req.Inputs = withDefaults(req.Inputs)
	if key := r.kind.logical; key != "" {
		if value, ok := req.Inputs.GetOk(key); !ok || value.IsNull() {
			return req.Inputs.Set(key, property.New(req.Urn.Name()))
		}
	}
	return req.Inputs
}

func (r inert) create(s Services, inputs property.Map) (string, map[string]any, error) {
	id, outputs := r.kind.make(s, inputs)
	// What only belongs to something else is put over what was there, as on AWS.
	if !r.on.put(r.typ, id, neighbour{inputs, outputs}, r.kind.name != "") {
		return "", nil, fmt.Errorf("there is one with the ID %q already: give it another name", id)
	}
	r.on.tell(r.typ, "has no effect here: it is recorded, and nothing else")
	return id, outputs, nil
}

// read takes the inputs as they are: nobody but Pulumi changes such a resource.
func (r inert) read(_ Services, id string, inputs property.Map) (actual, error) {
	it, ok := r.on.get(r.typ, id)
	if !ok {
		return actual{}, nil
	}
	return actual{id, inputs, it.outputs}, nil
}

// imported finds what the program has made. What it has not, for instance the
// network that another team deploys, is taken to be there with that ID.
func (r inert) imported(s Services, id string) (actual, error) {
	if it, ok := r.on.get(r.typ, id); ok {
		return actual{id, withDefaults(it.inputs), it.outputs}, nil
	}
	r.on.tell(r.typ+" "+id, "is looked up, and is not here: it is taken to be there, with its ID and what follows from that")
	_, outputs := r.kind.with(id).make(s, property.Map{})
	r.on.put(r.typ, id, neighbour{property.Map{}, outputs}, false)
	return actual{id, withDefaults(property.Map{}), outputs}, nil
}

func (r inert) change(property.Map, property.Map) error { return nil }

func (r inert) update(_ Services, id string, _, news property.Map) (map[string]any, error) {
	it, ok := r.on.get(r.typ, id)
	if !ok {
		return nil, fmt.Errorf("it is no longer there: run pulumi refresh")
	}
	outputs := maps.Clone(it.outputs)
	delete(outputs, "tagsAll")
	if tags, ok := news.GetOk("tags"); ok {
		outputs["tagsAll"] = tags
	}
	r.on.put(r.typ, id, neighbour{news, outputs}, false)
	return outputs, nil
}

func (r inert) delete(_ Services, id string, _ property.Map) error {
	r.on.remove(r.typ, id)
	return nil
}

// withDefaults adds an empty list of what the provider chose.
func withDefaults(inputs property.Map) property.Map {
	return inputs.Set(defaultsKey, property.New([]property.Value{}))
}

// styled is a name that Pulumi made, as the type wants it.
func (k kind) styled(name string, inputs property.Map) string {
	if k.lower {
		name = strings.ToLower(name)
	}
	if fifo, ok := inputs.GetOk("fifoQueue"); ok && fifo.IsBool() && fifo.AsBool() {
		name += ".fifo"
	}
	if fifo, ok := inputs.GetOk("fifoTopic"); ok && fifo.IsBool() && fifo.AsBool() {
		name += ".fifo"
	}
	return k.prefix + name
}

// placeholder is what the inputs left out, in a template.
var placeholder = regexp.MustCompile(`\{in\.\w+\}`)

// make makes the ID and the outputs of a new resource by the kind's templates.
func (k kind) make(s Services, inputs property.Map) (string, map[string]any) {
	digits := make([]byte, 13)
	_, _ = rand.Read(digits) // never fails
	random := hex.EncodeToString(digits)
	values := map[string]string{
		"region": s.Account.Region, "account": s.Account.ID, "partition": s.Account.Partition,
		"hex8": random[:8], "hex16": random[:16], "hex17": random[:17], "text26": random,
		"upper13": strings.ToUpper(random[:13]), "uuid": uuid.NewString(),
	}
	outputs := map[string]any{}
	for key, value := range inputs.All {
		if value.IsString() {
			values["in."+key] = value.AsString()
		}
	}
	// A function is named by its name or its ARN.
	function := values["in.functionName"]
	values["in.functionName"] = function[strings.LastIndex(function, ":")+1:]
	name := values["in."+k.name]
	if prefix := values["in."+k.name+"Prefix"]; name == "" && prefix != "" {
		name = prefix + random
		outputs[k.name] = name
	}
	if k.name == "" {
		name = values["in.name"]
	}
	values["name"] = name
	if values["name"] == "" {
		values["name"] = k.word + random[:17]
	}
	fill := func(template string) string {
		for key, value := range values {
			template = strings.ReplaceAll(template, "{"+key+"}", value)
		}
		return strings.TrimSuffix(placeholder.ReplaceAllString(template, ""), "_")
	}
	id := fill(k.id)
	values["id"] = id
	for key, template := range k.outputs {
		outputs[key] = filled(template, fill)
	}
	if tags, ok := inputs.GetOk("tags"); ok {
		outputs["tagsAll"] = tags
	}
	return id, outputs
}

// filled fills the templates in a value.
func filled(value any, fill func(string) string) any {
	switch value := value.(type) {
	case string:
		return fill(value)
	case []any:
		list := make([]any, len(value))
		for i, element := range value {
			list[i] = filled(element, fill)
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for key, member := range value {
			object[key] = filled(member, fill)
		}
		return object
	}
	return value
}
