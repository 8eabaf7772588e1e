// Package memstore is a store.Store in memory: for tests, for the embedded ground, and as the model that other stores
// are compared with.
//
// Everything is behind one mutex, so each call is one atomic step. Nothing is durable, and nothing but the caller's
// context can fail. It drops no missions: memory grows with them.
package memstore
