package dynamodb

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

// Values of Table.Class.
const (
	classStandard   = "STANDARD"
	classInfrequent = "STANDARD_INFREQUENT_ACCESS"
)

// Days of point-in-time recovery (API reference, PointInTimeRecoverySpecification).
const (
	minRecoveryDays = 1
	maxRecoveryDays = 35
)

var (
	streamViewTypes = []string{"KEYS_ONLY", "NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE"}
	keyARN          = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/.+$`)
)

// withDefaults fills in what AWS fills in.
func (t Table) withDefaults() Table {
	if t.Class == "" {
		t.Class = classStandard
	}
	if t.PointInTimeRecovery && t.RecoveryDays == 0 {
		t.RecoveryDays = maxRecoveryDays
	}
	return t
}

// checkSettings checks what is about neither keys nor indexes.
func checkSettings(t Table) error {
	var c constraints
	if t.StreamViewType != "" {
		c.enum("streamSpecification.streamViewType", t.StreamViewType, streamViewTypes...)
	}
	c.enum("tableClass", t.Class, classStandard, classInfrequent)
	if err := c.err(); err != nil {
		return err
	}
	switch {
	case t.RecoveryDays != 0 && (t.RecoveryDays < minRecoveryDays || t.RecoveryDays > maxRecoveryDays):
		return validation("1 validation error detected: Value '%d' at 'pointInTimeRecoverySpecification.recoveryPeriodInDays' failed to satisfy constraint: Member must be %d to %d", t.RecoveryDays, minRecoveryDays, maxRecoveryDays)
	case t.RecoveryDays != 0 && !t.PointInTimeRecovery:
		return validation("One or more parameter values were invalid: RecoveryPeriodInDays is specified, but PointInTimeRecovery is not enabled")
	case t.SSEKey != "" && !t.SSE:
		return validation("One or more parameter values were invalid: KMSMasterKeyId is specified, but SSE is not enabled")
	case t.SSEKey != "" && !keyARN.MatchString(t.SSEKey):
		return validation("One or more parameter values were invalid: KMS key %q is not the ARN of a key", t.SSEKey)
	}
	return nil
}

// restream gives the next version of a table its stream: that of before, where its
// view has not changed. A stream that is off keeps its name, as on AWS.
func (t *table) restream(old *table, now time.Time) {
	if old != nil {
		t.streamLabel = old.streamLabel
	}
	if t.StreamViewType != "" && (old == nil || old.StreamViewType != t.StreamViewType) {
		t.streamLabel = now.Format("2006-01-02T15:04:05.000")
	}
}

// StreamARN is the ARN of the table's latest stream; empty where it has had none.
func (i TableInfo) StreamARN() string {
	if i.StreamLabel == "" {
		return ""
	}
	return i.ARN + "/stream/" + i.StreamLabel
}

// sayWithoutEffect tells the console once what of a table has no effect here.
func (s *Service) sayWithoutEffect(t Table) {
	for _, setting := range []struct {
		given bool
		what  string
	}{
		{t.StreamViewType != "", "the stream of the table %q and others has a name and no records: nobody can read it here"},
		{t.PointInTimeRecovery, "point-in-time recovery of the table %q and others has no effect here: nothing is kept"},
	} {
		s.mu.Lock()
		told := slices.Contains(s.told, setting.what)
		if setting.given && !told {
			s.told = append(s.told, setting.what)
		}
		s.mu.Unlock()
		if setting.given && !told {
			s.Console.Printf("%s", fmt.Sprintf(setting.what, t.Name))
		}
	}
}

// keyGrants are what DynamoDB asks KMS for in the name of who uses the items of a
// table that a key of the account encrypts (developer guide,
// encryption.usagenotes): to decrypt the table's key, for reads and writes alike.
func (s *Service) keyGrants(name string) []iam.Grant {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, ok := s.tables[name]
	if !ok || t.SSEKey == "" {
		return nil
	}
	return []iam.Grant{{Action: "kms:Decrypt", Resource: t.SSEKey, Context: iam.Context{
		"kms:ViaService": "dynamodb." + s.acct.Region + ".amazonaws.com",
		"kms:EncryptionContext:aws:dynamodb:tableName":    name,
		"kms:EncryptionContext:aws:dynamodb:subscriberId": s.acct.ID,
	}}}
}
