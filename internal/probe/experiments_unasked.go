package probe

// unaskedExperiments are the questions that docs/fidelity.md leaves open and no
// request to an HTTP API answers.
func unaskedExperiments() []Experiment {
	const elsewhere = "it is no behaviour of API Gateway: the probe's requests go to HTTP APIs only"
	return []Experiment{
		{Name: "domain/requests", Asks: "What do clients and functions see of a custom domain: path, mapping, stage, a path without mapping, a deletion?", Cannot: "it would take a domain of the developer's, with a certificate and a DNS record: the setup has none"},
		{Name: "cache/bounds", Asks: "How many answers does the cache hold?", Cannot: "it would take more than ten thousand answers to see, and AWS may keep them in more than one place"},
		{Name: "log/stream", Asks: "What are the log streams of an access log called?", Cannot: "AWS promises no name, and no program here depends on it"},
		{Name: "log/authorizer-latency", Asks: "Does the access log say how long an authorizer took?", Cannot: "what is expected of a field of the log is one text, and no latency is the same twice"},
		{Name: "limit/quotas", Asks: "How many routes, stages, authorizers, scopes and audiences may there be?", Cannot: "it would take hundreds of resources, and AWS raises some of the numbers for an account"},
		{Name: "throttle/account", Asks: "What is the limit of the account?", Cannot: "it would take ten thousand requests a second, and the account's other APIs would suffer"},
		{Name: "jwt/key-rotation", Asks: "Are keys kept for two hours, and read again for a kid that is new?", Cannot: "it takes two hours, and an issuer whose keys change meanwhile"},
		{Name: "jwt/key-fetch", Asks: "How are keys fetched: how many at a time, for how long, how large, after how many redirects?", Cannot: "AWS asks from many places, and only when an authorizer is made or a key is new to one of them"},
		{Name: "jwt/key-kinds", Asks: "Which keys does a key set have to have, and must its metadata name the issuer?", Cannot: "each kind would need an issuer of its own, which AWS asks once; the setup has one"},
		{Name: "jwt/loopback", Asks: "May an issuer be on the loopback interface?", Cannot: "on AWS that would be a machine of AWS's"},
		{Name: "jwt/no-audience", Asks: "May a JWT authorizer have no audience?", Cannot: "the local AWS does not support it, whatever AWS does: every token of the issuer would do"},
		{Name: "iam/trust", Asks: `Does "*" in a trust policy let Lambda assume a role?`, Cannot: elsewhere},
		{Name: "other/lambda-report", Asks: "Is an error that a handler returns a success in the report?", Cannot: elsewhere},
		{Name: "other/logs-filter", Asks: "Does an unquoted word of a filter pattern match within a longer one?", Cannot: elsewhere},
		{Name: "other/apigateway-pages", Asks: "How many APIs has a page of GetApis?", Cannot: elsewhere},
		{Name: "other/cache-reset-delay", Asks: "How long does a reset of the authorizer cache take until it holds everywhere?", Cannot: "AWS promises nothing, and what one request sees says nothing of the next place; cache/reset sees that it holds soon"},
		{Name: "other/unknown-operation", Asks: "Does every service answer an unknown operation with the same code?", Cannot: elsewhere},
		{Name: "other/ssm-path", Asks: "Is a parameter without a slash at the first level of a path?", Cannot: elsewhere},
	}
}
