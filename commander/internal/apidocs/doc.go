// Package apidocs makes a page to read out of the HTTP contract.
//
//	openapi.yaml ──yaml──> document ──page.go──> view ──page.html──> one HTML page, made once at the start
//
// The page is the contract and nothing else: every call, parameter, answer and schema, in the order in which the
// document has them, with the document's own words. It is HTML and one style sheet, without scripts, pictures and fonts,
// so that its Content-Security-Policy allows nothing but that style sheet, and it can be read offline, saved, printed and
// searched. Why not a library: docs/adr/0010.
//
// It understands what our contract uses of OpenAPI 3.0 and of Markdown (paragraphs, lists, tables, bold, code). What it
// does not know is an error, so that a test finds it and no reader misses it.
package apidocs
