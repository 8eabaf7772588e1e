package httpapi

import (
	"context"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mission-control-dev/mission-control/contracts"
)

func TestContractIsValid(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(contracts.OpenAPI()))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
}
