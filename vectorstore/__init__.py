"""Floor 3: the vector store, the only home of pymilvus; what is read and searched stands here, and every change to it is applied here."""
