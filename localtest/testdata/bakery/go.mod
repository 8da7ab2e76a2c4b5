module example.com/bakery

go 1.26

require github.com/protected-http-api/protected-http-api v0.0.0

replace github.com/protected-http-api/protected-http-api => ../../..
