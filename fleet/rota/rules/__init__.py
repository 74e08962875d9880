"""What decides about rotas: pure functions of a rota's book, which the console calls too. docs/rota-rules.md is their
contract in words."""
