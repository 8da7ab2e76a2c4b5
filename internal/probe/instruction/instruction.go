// Package instruction is how a request of the probe tells its functions what to do.
package instruction

// Variables of the functions' environment.
const (
	// EnvHeader names the header that a function obeys.
	EnvHeader = "PROBE_HEADER"
	// EnvKeys is the key set that the handler publishes as an issuer.
	EnvKeys = "PROBE_KEYS"
)

// Headers that carry an Instruction as JSON, to the authorizer and to the handler.
const (
	AuthorizerHeader = "x-probe-authorizer"
	HandlerHeader    = "x-probe-handler"
)

// Instruction is what a function does. The zero value: an authorizer allows, a
// handler returns its event.
type Instruction struct {
	// Answer is returned as it is, JSON or not. In it stand {event} for the event
	// as a JSON string, {run} for the invocation's ID, {arn} for the event's
	// routeArn or methodArn, {fill} for Fill times x.
	Answer string `json:",omitempty"`
	Fill   int    `json:",omitempty"`
	// Throw is the text of an error that the function returns.
	Throw string `json:",omitempty"`
	// Exit ends the process.
	Exit bool `json:",omitempty"`
	// Sleep is how many milliseconds pass before that.
	Sleep int `json:",omitempty"`
}
