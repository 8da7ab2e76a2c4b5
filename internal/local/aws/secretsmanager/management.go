package secretsmanager

import (
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// maxListed is how many secrets a page of ListSecrets has at most.
const maxListed = 100

// Handler returns the service behind the endpoint: CreateSecret, GetSecretValue,
// PutSecretValue, DescribeSecret, ListSecrets, DeleteSecret.
func (s *Service) Handler() protocol.Service {
	return &protocol.JSON{
		Name: "secretsmanager", Target: "secretsmanager", Version: "1.1",
		Operations: map[string]protocol.Operation{
			"CreateSecret":   {Grants: s.createGrants, Run: s.serveCreate},
			"DeleteSecret":   {Grants: s.grants("secretsmanager:DeleteSecret"), Run: s.serveDelete},
			"DescribeSecret": {Grants: s.grants("secretsmanager:DescribeSecret"), Run: s.serveDescribe},
			"GetSecretValue": {Grants: s.grants("secretsmanager:GetSecretValue", "kms:Decrypt"), Run: s.serveGet},
			"ListSecrets":    {Grants: listGrants, Run: s.serveList},
			"PutSecretValue": {Grants: s.grants("secretsmanager:PutSecretValue", "kms:GenerateDataKey", "kms:Decrypt"), Run: s.servePut},
		},
	}
}

// request is what the operations take, as far as they are served.
type request struct {
	SecretID                   string `json:"SecretId"`
	Name, Description          string
	KMSKeyID                   string `json:"KmsKeyId"`
	ClientRequestToken         string
	SecretString               string
	SecretBinary               []byte // base64 in JSON
	VersionID                  string `json:"VersionId"`
	VersionStage               string
	VersionStages              []string
	Tags                       []struct{ Key, Value string }
	ForceDeleteWithoutRecovery bool
	RecoveryWindowInDays       *int
	MaxResults                 *int
	NextToken                  string

	// What is not served.
	AddReplicaRegions, Filters []any
	IncludePlannedDeletion     bool
}

func (r request) value() Value { return Value{r.SecretString, r.SecretBinary} }

// decode reads a request, which has to name a secret where it is about one.
func decode(body []byte, named bool) (request, error) {
	var r request
	if err := protocol.Decode(body, &r); err != nil {
		return r, err
	}
	switch {
	case named && r.SecretID == "":
		return r, constraint("secretId", "Member must not be null")
	case len(r.AddReplicaRegions) > 0, len(r.Filters) > 0, r.IncludePlannedDeletion:
		return r, invalidParameter("replicas, filters and IncludePlannedDeletion are not supported by the local AWS: leave them out")
	}
	return r, nil
}

// grants asks for an action on a secret, by its whole ARN (service authorization
// reference, AWS Secrets Manager), and where a key of the account encrypts it for
// the key (user guide, security-encryption).
func (s *Service) grants(action string, ofKey ...string) func([]byte) ([]iam.Grant, error) {
	return func(body []byte) ([]iam.Grant, error) {
		r, err := decode(body, true)
		if err != nil {
			return nil, err
		}
		s.mu.RLock()
		defer s.mu.RUnlock()
		it, err := s.lookup(r.SecretID)
		if err != nil {
			// A refusal must not tell whether the secret is there.
			return []iam.Grant{{Action: action, Resource: s.unknown(r.SecretID)}}, nil
		}
		context := iam.Context{"secretsmanager:SecretId": it.ARN}
		if r.VersionStage != "" {
			context["secretsmanager:VersionStage"] = r.VersionStage
		}
		grants := []iam.Grant{{Action: action, Resource: it.ARN, Context: context}}
		if key := s.keyARN(it.KMSKeyID); key != "" {
			for _, action := range ofKey {
				grants = append(grants, s.keyGrant(action, key, it.ARN))
			}
		}
		return grants, nil
	}
}

// unknown is the ARN of a secret that is not there.
func (s *Service) unknown(id string) string {
	if len(id) > len(s.prefix()) && id[:len(s.prefix())] == s.prefix() {
		return id
	}
	return s.prefix() + id
}

func (s *Service) keyGrant(action, key, secret string) iam.Grant {
	return iam.Grant{Action: action, Resource: key, Context: iam.Context{
		"kms:ViaService":                  "secretsmanager." + s.acct.Region + ".amazonaws.com",
		"kms:EncryptionContext:SecretARN": secret,
	}}
}

func (s *Service) createGrants(body []byte) ([]iam.Grant, error) {
	r, err := decode(body, false)
	if err != nil {
		return nil, err
	}
	if err := Validate(Secret{Name: r.Name}); err != nil {
		return nil, err
	}
	grants := []iam.Grant{{Action: "secretsmanager:CreateSecret", Resource: s.prefix() + r.Name, Context: iam.Context{"secretsmanager:Name": r.Name}}}
	if key := s.keyARN(r.KMSKeyID); key != "" && !r.value().empty() {
		grants = append(grants, s.keyGrant("kms:GenerateDataKey", key, s.prefix()+r.Name), s.keyGrant("kms:Decrypt", key, s.prefix()+r.Name))
	}
	return grants, nil
}

func listGrants([]byte) ([]iam.Grant, error) {
	return []iam.Grant{{Action: "secretsmanager:ListSecrets", Resource: "*"}}, nil
}

func (s *Service) serveCreate(body []byte) (any, error) {
	r, err := decode(body, false)
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, tag := range r.Tags {
		tags[tag.Key] = tag.Value
	}
	made, version, err := s.Create(Secret{Name: r.Name, Description: r.Description, KMSKeyID: r.KMSKeyID, Tags: tags}, r.value(), r.ClientRequestToken)
	if err != nil {
		return nil, err
	}
	return map[string]any{"ARN": made.ARN, "Name": made.Name, "VersionId": version}, nil
}

func (s *Service) serveGet(body []byte) (any, error) {
	r, err := decode(body, true)
	if err != nil {
		return nil, err
	}
	it, version, err := s.Get(r.SecretID, r.VersionID, r.VersionStage)
	if err != nil {
		return nil, err
	}
	answer := map[string]any{"ARN": it.ARN, "Name": it.Name, "CreatedDate": seconds(version.Created), "VersionId": version.ID, "VersionStages": version.Stages}
	if len(version.Binary) > 0 {
		answer["SecretBinary"] = version.Binary
	} else {
		answer["SecretString"] = version.String
	}
	return answer, nil
}

func (s *Service) servePut(body []byte) (any, error) {
	r, err := decode(body, true)
	if err != nil {
		return nil, err
	}
	it, version, err := s.Put(r.SecretID, r.value(), r.ClientRequestToken, r.VersionStages)
	if err != nil {
		return nil, err
	}
	return map[string]any{"ARN": it.ARN, "Name": it.Name, "VersionId": version.ID, "VersionStages": version.Stages}, nil
}

func (s *Service) serveDescribe(body []byte) (any, error) {
	r, err := decode(body, true)
	if err != nil {
		return nil, err
	}
	it, stages, err := s.Describe(r.SecretID)
	if err != nil {
		return nil, err
	}
	answer := it.wire()
	answer["VersionIdsToStages"] = stages
	return answer, nil
}

func (s *Service) serveList(body []byte) (any, error) {
	r, err := decode(body, false)
	if err != nil {
		return nil, err
	}
	limit := maxListed
	if r.MaxResults != nil {
		if limit = *r.MaxResults; limit < 1 || limit > maxListed {
			return nil, constraint("maxResults", "Member must have value between 1 and 100")
		}
	}
	page, next, err := protocol.Page(s.Secrets(), r.NextToken, limit, "InvalidNextTokenException")
	if err != nil {
		return nil, err
	}
	list := make([]map[string]any, len(page))
	for i, it := range page {
		list[i] = it.wire()
		if _, stages, err := s.Describe(it.ARN); err == nil {
			list[i]["SecretVersionsToStages"] = stages
		}
	}
	answer := map[string]any{"SecretList": list}
	if next != "" {
		answer["NextToken"] = next
	}
	return answer, nil
}

// serveDelete deletes at once, or after a recovery window, which does not end here.
func (s *Service) serveDelete(body []byte) (any, error) {
	r, err := decode(body, true)
	if err != nil {
		return nil, err
	}
	switch days := r.RecoveryWindowInDays; {
	case days != nil && r.ForceDeleteWithoutRecovery:
		return nil, invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	case days != nil && (*days < 7 || *days > 30):
		return nil, invalidParameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	}
	it, err := s.Delete(r.SecretID, r.ForceDeleteWithoutRecovery)
	if err != nil {
		return nil, err
	}
	return map[string]any{"ARN": it.ARN, "Name": it.Name, "DeletionDate": seconds(it.Deleted)}, nil
}

// wire is a secret as DescribeSecret and ListSecrets show it.
func (in Secret) wire() map[string]any {
	tags := []map[string]string{}
	for key, value := range in.Tags {
		tags = append(tags, map[string]string{"Key": key, "Value": value})
	}
	w := map[string]any{"ARN": in.ARN, "Name": in.Name, "CreatedDate": seconds(in.Created), "LastChangedDate": seconds(in.Changed), "Tags": tags}
	if in.Description != "" {
		w["Description"] = in.Description
	}
	if in.KMSKeyID != "" {
		w["KmsKeyId"] = in.KMSKeyID
	}
	if !in.Deleted.IsZero() {
		w["DeletedDate"] = seconds(in.Deleted)
	}
	return w
}

// seconds are those since the Unix epoch, with milliseconds.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
