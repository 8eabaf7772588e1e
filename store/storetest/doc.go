// Package storetest is the suite that every store.Store passes.
//
// Run holds the promises of package store one by one. Agree lets random sequences of operations run against a store and
// against memstore, the model, and compares every answer.
//
// Tests that need time to pass wait by the store's own clock, so they take some milliseconds.
package storetest
