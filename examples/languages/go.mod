module example.com/greetings

go 1.26.0

replace github.com/protected-http-api/protected-http-api => ../..

require (
	github.com/aws/aws-lambda-go v1.55.1
	github.com/protected-http-api/protected-http-api v0.0.0
)

require (
	github.com/golang-jwt/jwt/v5 v5.3.1 // indirect
	golang.org/x/text v0.40.0 // indirect
)
