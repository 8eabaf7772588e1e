// Package strictjson reads JSON the way a public interface should: what two readers could understand differently is
// refused, rather than understood in our way.
//
// Beyond encoding/json it refuses duplicate keys at any depth (also `a` beside `\u0061`), broken UTF-8, lone
// surrogates, and nesting over a limit; keys are compared exactly, where encoding/json also takes other cases. Nothing
// but white space may follow the value.
package strictjson
