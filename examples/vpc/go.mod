module example.com/vpc

go 1.26

require github.com/aws/aws-sdk-go-v2/feature/rds/auth v1.7.12
require github.com/jackc/pgx/v5 v5.13.0
