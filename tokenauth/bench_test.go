package tokenauth_test

import (
	"testing"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

func BenchmarkIssue(b *testing.B) {
	issuer := tokenauthtest.NewIssuer(b, tokenauthtest.NewClock(tokenauthtest.Start()).Now)
	req := tokenauth.IssueRequest{Subject: "0198f3c0-0000-7000-8000-000000000000", Private: map[string]string{"soldier": "s-1"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := issuer.Issue(req); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	clock := tokenauthtest.NewClock(tokenauthtest.Start())
	issuer := tokenauthtest.NewIssuer(b, clock.Now)
	b.Run("remembered", func(b *testing.B) {
		verifier := tokenauthtest.NewVerifier(b, clock.Now)
		raw := tokenauthtest.Issue(b, issuer, "s").Raw
		b.ReportAllocs()
		for b.Loop() {
			if _, err := verifier.Verify(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("new", func(b *testing.B) {
		// More tokens than are remembered, so each is new whenever it comes.
		tokens := make([]string, 6000)
		for i := range tokens {
			tokens[i] = tokenauthtest.Issue(b, issuer, "s").Raw
		}
		verifier := tokenauthtest.NewVerifier(b, clock.Now)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := verifier.Verify(tokens[i%len(tokens)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
