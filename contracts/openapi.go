package contracts

import _ "embed"

//go:embed openapi.yaml
var openAPI string

// OpenAPI returns the HTTP contract, an OpenAPI 3.0 document in YAML.
func OpenAPI() string { return openAPI }
