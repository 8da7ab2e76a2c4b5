package main

import "testing"

// What the component says of its own arguments is in the other language's words; what
// users and compilers wrote is as they wrote it.
func TestMistakesInWords(t *testing.T) {
	t.Parallel()
	const mistakes = "Routes[\"GET /a\"].Function.Package: building \"./Function\": go build: exit status 1\n" +
		"\t./Function/main.go:3:9: undefined: Function.Package is nil\n" +
		"Stage.Variables[\"a\\\"Routes.Function\"]: \"Table \\\" Stage.Name\\\\\" is not one of Names: set IdentitySources to Header(\"X-Api-Key\")\n"
	const want = "routes[\"GET /a\"].function.package: building \"./Function\": go build: exit status 1\n" +
		"\t./Function/main.go:3:9: undefined: Function.Package is nil\n" +
		"stage.variables[\"a\\\"Routes.Function\"]: \"Table \\\" Stage.Name\\\\\" is not one of Names: set identitySources to \"$request.header.X-Api-Key\"\n"
	if got := mistakesInWords(mistakes); got != want {
		t.Errorf("it is\n%s\nwant\n%s", got, want)
	}
}

// A header's name is no field's, though its parts are.
func TestDescriptionsInWords(t *testing.T) {
	t.Parallel()
	const text = "the header X-Api-Key or Signature. With Tags it is Api, a name like Content-Type."
	if got, want := inWords(text, "`"), "the header X-Api-Key or Signature. With `tags` it is `api`, a name like Content-Type."; got != want {
		t.Errorf("it is\n%s\nwant\n%s", got, want)
	}
}
