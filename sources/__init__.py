"""Floor 3: where documents come from: folders, and a twin in memory, behind the port `Source`, with the terms stated beside them."""
