// Package account says which AWS account and Region the local AWS plays, and
// makes the Amazon Resource Names of that account.
package account

import "github.com/aws/aws-sdk-go-v2/aws/arn"

// Account is one AWS account in one Region.
type Account struct {
	// ID has twelve digits.
	ID string
	// Region is a Region's name, for instance eu-central-1.
	Region string
	// Partition is aws, aws-cn or aws-us-gov.
	Partition string
}

// ARN returns the name of a regional resource, for instance
// ARN("lambda", "function:create-event").
func (a Account) ARN(service, resource string) string {
	return arn.ARN{Partition: a.Partition, Service: service, Region: a.Region, AccountID: a.ID, Resource: resource}.String()
}

// GlobalARN returns the name of a resource of a service without Regions, such
// as IAM.
func (a Account) GlobalARN(service, resource string) string {
	return arn.ARN{Partition: a.Partition, Service: service, AccountID: a.ID, Resource: resource}.String()
}
