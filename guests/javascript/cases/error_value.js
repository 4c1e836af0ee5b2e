throw { reason: 42 };
