package own

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// readMethods reads the file with the methods (Lambda developer guide, "Defined
// runtime environment variables").
func readMethods(getenv func(string) string) (contract.Methods, error) {
	text, err := os.ReadFile(filepath.Join(getenv("LAMBDA_TASK_ROOT"), contract.MethodsFile))
	var methods contract.Methods
	if err == nil {
		methods, err = parseMethods(text)
	}
	if err != nil {
		return contract.Methods{}, fmt.Errorf("reading what the authorizer accepts: %w; deploy it with the component, as an authorizer without a Function", err)
	}
	return methods, nil
}

// tokensAlone reads methods that are tokens and nothing else, as most are. The first
// use of encoding/json takes a cold start longer than all else that is done in one
// here; it is for other methods, and says what is wrong.
func tokensAlone(text []byte) (tokens contract.Tokens, ok bool) {
	methods, err := strictjson.Members(text)
	if err != nil || len(methods) != 1 || methods[0].Name != "tokens" {
		return tokens, false
	}
	members, err := strictjson.Members(methods[0].Value)
	if err != nil {
		return tokens, false
	}
	for _, m := range members {
		ok := false
		switch m.Name {
		case "issuer":
			tokens.Issuer, ok = strictjson.String(m.Value)
		case "audience":
			tokens.Audience, ok = strictjson.String(m.Value)
		case "permissionsClaim":
			tokens.PermissionsClaim, ok = strictjson.String(m.Value)
		case "leewaySeconds":
			tokens.LeewaySeconds, err = strconv.Atoi(string(m.Value))
			ok = err == nil
		}
		if !ok {
			return contract.Tokens{}, false
		}
	}
	return tokens, true
}

// parseMethods reads the methods strictly: what it does not know, or knows twice, may
// be a limit that somebody relies on.
func parseMethods(text []byte) (contract.Methods, error) {
	if tokens, ok := tokensAlone(text); ok {
		return contract.Methods{Tokens: &tokens}, nil
	}
	var methods contract.Methods
	wrong := func(err error) (contract.Methods, error) {
		return contract.Methods{}, fmt.Errorf("%s: %w", contract.MethodsFile, err)
	}
	if !json.Valid(text) {
		return wrong(errors.New("it is not JSON"))
	}
	switch null, repeated := strictjson.Inspect(text); {
	case repeated:
		return wrong(errors.New("it names a member twice"))
	case null:
		return wrong(errors.New("it has a null"))
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&methods); err != nil {
		return wrong(err)
	}
	if methods == (contract.Methods{}) {
		return wrong(errors.New("it has no method"))
	}
	return methods, nil
}
