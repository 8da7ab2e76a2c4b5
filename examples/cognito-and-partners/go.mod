module example.com/cognito-and-partners

go 1.26
