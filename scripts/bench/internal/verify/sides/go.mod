module github.com/protected-http-api/protected-http-api/scripts/bench/internal/verify/sides

go 1.26.0

replace github.com/protected-http-api/protected-http-api => ../../../../..

require (
	github.com/cristalhq/jwt/v5 v5.4.0
	github.com/golang-jwt/jwt/v5 v5.3.1
	github.com/protected-http-api/protected-http-api v0.0.0
)

require (
	github.com/aws/aws-lambda-go v1.55.1 // indirect
	github.com/aws/aws-sdk-go-v2 v1.47.7 // indirect
	github.com/aws/smithy-go v1.28.8 // indirect
	github.com/cedar-policy/cedar-go v1.9.0 // indirect
	github.com/go-json-experiment/json v0.0.0-20260820222146-c27c302e5fc3 // indirect
	golang.org/x/exp v0.0.0-20260410095643-746e56fc9e2f // indirect
	golang.org/x/text v0.40.0 // indirect
)
