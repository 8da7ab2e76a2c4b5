package apikey

import "testing"

func TestCheckTier(t *testing.T) {
	t.Parallel()
	const want = `the authorizer has no tier "pro", and would fail with the key: it has free, gold`
	if err := (session{tiers: []string{"free", "gold"}}).checkTier("pro"); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	for _, tiers := range [][]string{nil, {"free", "pro"}} {
		if err := (session{tiers: tiers}).checkTier("pro"); err != nil {
			t.Errorf("%q: %v", tiers, err)
		}
	}
}
