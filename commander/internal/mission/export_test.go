package mission

import (
	"encoding/base64"

	"github.com/mission-control-dev/mission-control/contracts"
)

// SealUnder returns what a seal under any key would be, also under an empty one.
func SealUnder(m contracts.Mission, key []byte) string {
	digest, err := digestOf(m.Payload)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed(m, digest, key))
}
