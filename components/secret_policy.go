package components

import (
	"errors"
	"fmt"
	"slices"
)

// secretStatements allow to read the secrets, and to decrypt them where they have a
// key of their own. neighbour is an ARN of the function's Region and account.
func (g grants) secretStatements(neighbour string) ([]statement, error) {
	var parameters, secrets, prefixes []string
	for _, path := range g.secretPaths {
		list, arnOf := &parameters, parameterARN
		if isSecretArn(path) {
			list, arnOf = &secrets, secretARN
		}
		if err := addARN(list, arnOf, neighbour, path); err != nil {
			return nil, err
		}
	}
	for _, path := range g.secretPrefixes {
		if err := addARN(&prefixes, parameterARN, neighbour, path); err != nil {
			return nil, err
		}
	}
	_, region, _, err := location(neighbour)
	if err != nil {
		return nil, err
	}
	var statements []statement
	allow := func(action string, resources []string, condition map[string]map[string][]string) {
		if len(resources) > 0 {
			statements = append(statements, statement{Effect: "Allow", Action: []string{action}, Resource: resources, Condition: condition})
		}
	}
	allow("ssm:GetParameter", parameters, nil)
	// IAM authorizes the action once, on the path itself, for all that is below
	// the path (Systems Manager user guide, "Restricting access to Parameter
	// Store parameters using IAM policies").
	allow("ssm:GetParametersByPath", prefixes, nil)
	allow("secretsmanager:GetSecretValue", secrets, nil)
	if g.keyArn == "" {
		return statements, nil
	}
	if err := checkKmsKeyArn(g.keyArn); err != nil {
		return nil, err
	}
	key := []string{g.keyArn}
	for _, path := range prefixes {
		parameters = append(parameters, path+"/*")
	}
	// The services give the ARN as encryption context, whichever action reads
	// (Systems Manager user guide, "AWS KMS encryption for AWS Systems Manager
	// Parameter Store SecureString parameters"; Secrets Manager user guide, "Secret
	// encryption and decryption").
	if len(parameters) > 0 {
		allow("kms:Decrypt", key, decryptFor("ssm."+region, "kms:EncryptionContext:PARAMETER_ARN", parameters, len(prefixes) > 0))
	}
	if len(secrets) > 0 {
		partial := slices.ContainsFunc(secrets, func(arn string) bool { return !wholeSecretArn.MatchString(arn) })
		allow("kms:Decrypt", key, decryptFor("secretsmanager."+region, "kms:EncryptionContext:SecretARN", secrets, partial))
	}
	return statements, nil
}

// decryptFor lets a key decrypt for one service only, and only what has one of the ARNs,
// or matches one, as its encryption context.
func decryptFor(service, context string, arns []string, match bool) map[string]map[string][]string {
	via := []string{service + ".amazonaws.com"}
	if match {
		return map[string]map[string][]string{"StringEquals": {"kms:ViaService": via}, "StringLike": {context: arns}}
	}
	return map[string]map[string][]string{"StringEquals": {"kms:ViaService": via, context: arns}}
}

// addARN adds the ARN of what is at a path to a list, once.
func addARN(list *[]string, arnOf func(neighbour, path string) (string, error), neighbour, path string) error {
	arn, err := arnOf(neighbour, path)
	if err == nil && !slices.Contains(*list, arn) {
		*list = append(*list, arn)
	}
	return err
}

// parameterARN returns the ARN of an SSM parameter in the partition, Region and
// account of another resource. Only one slash stands between "parameter" and
// the parts of its name (Service Authorization Reference, AWS Systems Manager).
func parameterARN(neighbour, path string) (string, error) {
	if checkParameterName(path) != nil {
		return "", errors.New("naming the secret's parameter: the value of SecretPath, or of one of Secrets.Paths or Prefixes, is neither the name of a parameter nor, where that may be, the ARN of a secret; it is not shown, since it may be the secret itself")
	}
	partition, region, account, err := location(neighbour)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("arn:%s:ssm:%s:%s:parameter%s", partition, region, account, path), nil
}

// secretARN returns the ARN by which a policy allows a secret of Secrets Manager: where
// the hyphen and the six characters at its end are missing, any are allowed (Secrets
// Manager user guide, "IAM policy examples").
func secretARN(neighbour, arn string) (string, error) {
	_, region, _, err := location(neighbour)
	if err != nil {
		return "", err
	}
	if _, itsRegion, _, _ := location(arn); itsRegion != region {
		return "", fmt.Errorf("the secret %q is in the Region %s, the function in %s: replicate the secret and name its replica", arn, itsRegion, region)
	}
	if wholeSecretArn.MatchString(arn) {
		return arn, nil
	}
	return arn + "-??????", nil
}
