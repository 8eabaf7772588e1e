// Command program is what somebody who knows the modules only by their versions may write first: it issues and verifies
// tokens, and reads an order.
package main

import (
	"fmt"
	"log"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tokenauth"
)

func main() {
	tokens()
	order()
}

func tokens() {
	now := time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	issuer, verifier := service("one secret of 32 bytes, or of more", clock)
	forger, _ := service("another secret, not the service's own", clock)

	token, err := issuer.Issue(tokenauth.IssueRequest{Subject: "worker-7"})
	if err != nil {
		log.Fatal(err)
	}
	claims, err := verifier.Verify(token.Raw)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("verified:", claims.Subject)

	forged, err := forger.Issue(tokenauth.IssueRequest{Subject: "worker-7"})
	if err != nil {
		log.Fatal(err)
	}
	_, err = verifier.Verify(forged.Raw)
	fmt.Println("forged:", tokenauth.Reason(err))

	now = now.Add(time.Minute)
	_, err = verifier.Verify(token.Raw)
	fmt.Println("a minute later:", tokenauth.Reason(err))
}

func service(secret string, clock func() time.Time) (*tokenauth.Issuer, *tokenauth.Verifier) {
	keys, err := tokenauth.NewDerivedKeys(tokenauth.DerivedConfig{Secret: []byte(secret), Label: "stranger"})
	if err != nil {
		log.Fatal(err)
	}
	issuer, err := tokenauth.NewIssuer(tokenauth.IssuerConfig{Keys: keys, Issuer: "stranger", Audience: "stranger", Now: clock})
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := tokenauth.NewVerifier(tokenauth.VerifierConfig{Keys: keys, Issuer: "stranger", Audience: "stranger", Now: clock})
	if err != nil {
		log.Fatal(err)
	}
	return issuer, verifier
}

func order() {
	const body = `{"v":1,"type":"order","mission":{"mission_id":"0199d2c4-1c5e-7b3a-9f00-5d2a7e6b1c90","name":"first light",
		"kind":"simulate","payload":{},"attempt":1,"timeout_seconds":300},"dispatch":1,"of_a_later_version":true}`
	o, err := contracts.DecodeOrder([]byte(body))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("order:", o.Mission.Name)
	_, err = contracts.DecodeOrder([]byte(`{"v":1,"type":"order","mission":{}}`))
	fmt.Println("no order:", err != nil)
}
