package bearer_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/tokenauth/bearer"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRealmIsChecked(t *testing.T) {
	verifier := tokenauthtest.NewVerifier(t, tokenauthtest.Start)
	for realm, good := range map[string]bool{
		"": true, "reports & more": true, `a"b`: false, `a\b`: false, "a\r\nSet-Cookie: x=y": false, "übersicht": false,
	} {
		if _, err := bearer.New(bearer.Config{Verifier: verifier, Realm: realm}); (err == nil) != good {
			t.Errorf("realm %q: %v", realm, err)
		}
	}
}
