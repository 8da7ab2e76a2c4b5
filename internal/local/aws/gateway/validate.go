package gateway

// The functions below return a resource with its defaults filled in, or the
// error that its creation would give for what the resource is by itself:
// everything but references to other resources, names that are taken, and
// quotas.

// ValidateAPI validates an API.
func ValidateAPI(in API) (API, error) { return checkAPI(in) }

// ValidateStage validates a stage.
func ValidateStage(in Stage) (Stage, error) { return in, checkStage(in) }

// ValidateIntegration validates an integration.
func ValidateIntegration(in Integration) (Integration, error) {
	err := in.check()
	return in, err
}

// ValidateAuthorizer validates an authorizer.
func ValidateAuthorizer(in Authorizer) (Authorizer, error) { return in, in.check() }

// ValidateRoute validates a route.
func ValidateRoute(in Route) (Route, error) {
	err := in.check()
	return in, err
}
